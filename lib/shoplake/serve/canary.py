"""Whom which version serves: everybody the champion, or a share of people the challenger.

People are drawn by a hash of person and version, so that a person keeps their side from day to
day and the next challenger gets other people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column

_BUCKETS = 10_000


@dataclass(frozen=True)
class Side:
    """A model version and whom it serves.

    Attributes:
        version: None: no model has beaten the baselines yet.
        low, high: it serves people whose bucket of `of` is at least low and below high.
        of: the version whose trial draws the buckets.
    """

    version: str | None
    low: int = 0
    high: int = _BUCKETS
    of: str = ""

    def serves(self) -> Column:
        """Whether it serves the person of a row with person_key."""
        from pyspark.sql import functions as F

        bucket = F.pmod(F.xxhash64("person_key", F.lit(self.of)), F.lit(_BUCKETS))
        return (bucket >= self.low) & (bucket < self.high)


def sides(champion: str | None, challenger: str | None, share: float) -> tuple[Side, ...]:
    """Who is served by whom.

    Args:
        champion, challenger: versions, as the registry names them.
        share: of people that the challenger serves, 0 to 1.
    """
    at = round(share * _BUCKETS)
    if challenger is None or not at:
        return (Side(champion),)
    return Side(champion, at, _BUCKETS, challenger), Side(challenger, 0, at, challenger)
