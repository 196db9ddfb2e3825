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

    Args:
        every: seconds between two times that silver is refined, at least; 0: it never is.
        begun: whether an earlier stream wrote here; what it took may not be in silver yet.
        clock: seconds, from any start.

    Raises:
        ShoplakeError: `every` is no length of time.
    """

    def __init__(
        self, every: float, *, begun: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not 0 <= every < math.inf:
            raise ShoplakeError(
                f"silver cannot be refined every {every:g} seconds",
                remedy="--refine-every 30; 0: never",
            )
        self._every, self._clock = every, clock
        # Beside a first batch, which makes the tables of the evidence, nothing is refined.
        self._refined = self._listed = -1 if begun else 0
        self._joined = 0
        self._lists_of: int | None = -1  # no version, so that the first answer is due
        self._due = clock() + every

    def refine(self, batches: int, *, ended: bool) -> bool:
        """Whether silver is due: there were batches since and time is up, or the stream ended."""
        due = ended or (batches > self._refined and self._clock() >= self._due)
        return bool(self._every) and due

    def refined(self, batches: int) -> None:
        """Silver follows so many batches now."""
        self._refined, self._due = batches, self._clock() + self._every

    def lists(self, batches: int, lists_of: int | None, *, refined: bool) -> bool:
        """Whether lists are due, which are then taken as made.

        Args:
            batches: that the stream has taken; lists know of new events before silver does.
            lists_of: version of the batch of lists that they stand in for; None: there is none,
                which is to be told once.
            refined: whether silver was refined just now.
        """
        news = refined or batches > self._listed
        due = lists_of != self._lists_of or (lists_of is not None and news)
        self._listed, self._lists_of = max(batches, self._listed), lists_of
        return due

    def join(self, batches: int) -> bool:
        """Whether little files are to be joined, which is then taken as done."""
        due = batches >= self._joined + JOIN_EVERY
        self._joined = batches if due else self._joined
        return due
