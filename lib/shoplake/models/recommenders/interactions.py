"""What people did, in order: the one shape every recommender learns from and scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Interactions:
    """A ragged list of item indices for each person or session, oldest first.

    Attributes:
        items: [N] item index, 0 to catalogue - 1.
        offsets: [P+1]; row p holds items[offsets[p]:offsets[p+1]].
        catalogue: C, how many items there are.
        days: [N] days before the cut; None where only the order is known.
    """

    items: Ints
    offsets: Ints
    catalogue: int
    days: Floats | None = None

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], catalogue: int) -> Interactions:
        """From lists of item indices."""
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        items = np.fromiter((i for row in rows for i in row), dtype=np.int64, count=offsets[-1])
        return cls(items, offsets, catalogue)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ints:
        """How many interactions each row has [P]."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> Ints:
        """The row of each interaction [N]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def age(self) -> Ints:
        """How many interactions of the row follow each one [N]: 0 is its last."""
        return np.repeat(self.offsets[1:], self.lengths) - 1 - np.arange(len(self.items))

    def recency(self, decay: float) -> Floats:
        """What each interaction counts [N]: decay ** age, or by month where there are days."""
        exponent = self.age if self.days is None else self.days / 30
        return np.asarray(decay**exponent, dtype=np.float32)

    def block(self, start: int, stop: int) -> Interactions:
        """Rows start to stop - 1."""
        first, last = self.offsets[start], self.offsets[min(stop, len(self))]
        return Interactions(
            self.items[first:last],
            self.offsets[start : stop + 1] - first,
            self.catalogue,
            None if self.days is None else self.days[first:last],
        )

    def blocks(self, size: int) -> Iterator[tuple[slice, Interactions]]:
        """Consecutive blocks of at most `size` rows."""
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            yield slice(start, stop), self.block(start, stop)

    def where(self, keep: NDArray[np.bool_]) -> Interactions:
        """Without the interactions [N] that are not kept; rows stay, if empty."""
        kept = np.bincount(self.rows[keep], minlength=len(self))
        return Interactions(
            self.items[keep],
            np.concatenate([[0], np.cumsum(kept)]),
            self.catalogue,
            None if self.days is None else self.days[keep],
        )

    def take(self, chosen: Ints) -> Interactions:
        """The chosen rows, in that order."""
        lengths = self.lengths[chosen]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        at = np.repeat(self.offsets[chosen] - offsets[:-1], lengths) + np.arange(offsets[-1])
        days = None if self.days is None else self.days[at]
        return Interactions(self.items[at], offsets, self.catalogue, days)

    def without_last(self) -> tuple[Interactions, Ints]:
        """Each row without its last interaction, and that one's item [P]; no row may be empty."""
        return self.where(self.age > 0), self.items[self.offsets[1:] - 1]

    def last(self, count: int) -> Ints:
        """The last `count` items of each row [P, count], newest first, -1 where there are fewer."""
        found = np.full((len(self), count), -1, dtype=np.int64)
        age = self.age
        keep = age < count
        found[self.rows[keep], age[keep]] = self.items[keep]
        return found

    def matrix(self, weights: NDArray[np.floating] | None = None) -> csr_array:
        """[P, C] sparse float32, repeated items added up; weights [N] are 1 by default."""
        values = np.ones(len(self.items)) if weights is None else weights
        # Copies: adding up repeated items sorts and shortens the arrays in place.
        parts = values.astype(np.float32), self.items.copy(), self.offsets.copy()
        found = csr_array(parts, (len(self), self.catalogue))
        found.sum_duplicates()
        return found

    def counts(self) -> Ints:
        """How many interactions each item has [C]."""
        return np.bincount(self.items, minlength=self.catalogue)


def product(left: Floats, right: Floats) -> Floats:
    """[n, m] left [n, d] times right [m, d], by torch.

    numpy's OpenBLAS rounds a row by its place in the block (Zen), so a person's scores would
    depend on who is scored beside them.
    """
    import torch

    return np.asarray((torch.from_numpy(left) @ torch.from_numpy(right).T).numpy())


class Recommender(Protocol):
    """A family of recommenders: settings in the constructor, then fit, then score."""

    def fit(self, seen: Interactions) -> Recommender:
        """Learn from what people did."""

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C] of the whole catalogue for a block of histories; the caller's to change."""
