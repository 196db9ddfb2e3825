"""What serving knows of people, as histories that recommenders learn from and score.

A lake keeps a history as three arrays: a person's newest items, how often each was bought and the
days since it was last touched. Earlier purchases of the same item are a count without a day.
Models of a lake learn from these arrays too, and are judged on what they will be served with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoplake.models.recommenders.interactions import Interactions, Ints


@dataclass(frozen=True)
class Seen:
    """Histories of P people, newest item first; every array is [P, H].

    Attributes:
        item: the model's item, 0 to catalogue - 1; -1 where there is none, or one it does not know.
        times: how often the person bought it; 0 where they only looked at it.
        days: whole days since they last touched it.
        catalogue: M, how many items the model knows.
    """

    item: Ints
    times: Ints
    days: Ints
    catalogue: int

    @classmethod
    def of(cls, history: Ints, counts: Ints, days: Ints, columns: Ints, catalogue: int) -> Seen:
        """From the arrays that serving gives.

        Args:
            history, counts, days: [P, H], as in `serve.scorer.Scorer`.
            columns: [C] the model's item of each item_index, -1 where it has none; so row 0.
            catalogue: M.
        """
        return cls(columns[history], counts, days, catalogue)

    def __len__(self) -> int:
        return len(self.item)

    def __getitem__(self, people: slice | np.ndarray) -> Seen:
        """Some of the people: a slice, a mask or positions."""
        return Seen(self.item[people], self.times[people], self.days[people], self.catalogue)

    def touched(self) -> Interactions:
        """Every item once, oldest first."""
        return self._repeated(np.ones_like(self.times))

    def bought(self) -> Interactions:
        """Every item as often as it was bought, all on the day of the last touch."""
        return self._repeated(self.times)

    def _repeated(self, times: Ints) -> Interactions:
        item = self.item[:, ::-1]
        often = np.where(item >= 0, times[:, ::-1], 0)
        offsets = np.concatenate([[0], np.cumsum(often.sum(axis=1))]).astype(np.int64)
        flat = often.ravel()
        days = np.repeat(self.days[:, ::-1].ravel(), flat).astype(np.float32)
        return Interactions(np.repeat(item.ravel(), flat), offsets, self.catalogue, days)
