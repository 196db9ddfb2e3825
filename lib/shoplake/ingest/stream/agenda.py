"""What a running stream does between its batches, and when it is due."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from shoplake.errors import ShoplakeError

#: Batches after which the little files of the evidence are joined.
JOIN_EVERY = 200


class Agenda:
    """Remembers up to which batch each thing was done; asked at every turn of a stream's loop.

    Attributes:
        refinements: how often silver was refined.

    Args:
        every: seconds between two times that silver is refined, at least; 0: it never is.
        begun: whether an earlier stream wrote here; what it took may not be in silver yet.
        once: whether the stream takes what is there and ends: then it is refined at its end alone.
        clock: seconds, from any start.

    Raises:
        ShoplakeError: `every` is no length of time.
    """

    def __init__(
        self,
        every: float,
        *,
        begun: bool,
        once: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 <= every < math.inf:
            raise ShoplakeError(
                f"silver cannot be refined every {every:g} seconds",
                remedy="--refine-every 30; 0: never",
            )
        self._every, self._once, self._clock = every, once, clock
        # Beside a first batch, which makes the tables of the evidence, nothing is refined.
        self._refined = -1 if begun else 0
        self._joined = 0
        self._due = clock() + every
        self.refinements = 0

    def refine(self, batches: int, *, ended: bool) -> bool:
        """Whether silver is due: there were batches since and time is up, or the stream ended."""
        waited = not self._once and batches > self._refined and self._clock() >= self._due
        return bool(self._every) and (ended or waited)

    def refined(self, batches: int) -> None:
        """Silver follows so many batches now."""
        self._refined, self._due = batches, self._clock() + self._every
        self.refinements += 1

    def join(self, batches: int) -> bool:
        """Whether little files are to be joined, which is then taken as done."""
        due = batches >= self._joined + JOIN_EVERY
        self._joined = batches if due else self._joined
        return due


class Listing:
    """Remembers what the last lists between two batches of lists knew of.

    Args:
        begun: as in `Agenda`.
    """

    def __init__(self, *, begun: bool) -> None:
        # No versions, so that a first answer is due.
        self._knew = (-1 if begun else 0, 0)
        self._lists_of: int | None = -1

    def due(self, batches: int, refinements: int, lists_of: int | None) -> bool:
        """Whether lists are due, which are then taken as made.

        Args:
            batches: that the stream has taken; lists know of new events before silver does.
            refinements: how often silver was refined.
            lists_of: version of the batch of lists that they stand in for; None: there is none,
                which is to be told once.
        """
        now = batches, refinements
        due = lists_of != self._lists_of or (lists_of is not None and now != self._knew)
        self._knew, self._lists_of = now, lists_of
        return due
