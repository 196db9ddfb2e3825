"""People's histories as the fixed-width, 0-padded arrays a model reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.serve.scorer import Ints
from shoplake.serve.settings import ServeError, ServeSettings

COLUMNS = ("history", "history_counts", "history_days")


@dataclass(frozen=True)
class Histories:
    """Histories of P people, newest item first; every array is [P, H] and 0-padded.

    Attributes:
        items: item_index.
        counts: how often the person bought that item.
        days: days since the person last touched that item.
    """

    items: Ints
    counts: Ints
    days: Ints

    def __getitem__(self, people: slice | np.ndarray) -> Histories:
        """The histories of some people: a slice, a mask or positions."""
        return Histories(self.items[people], self.counts[people], self.days[people])

    def only(self, kept: NDArray[np.bool_]) -> Histories:
        """Without the items that `kept` [C] is False for."""
        return Histories(np.where(kept[self.items], self.items, 0), self.counts, self.days)

    def resized(self, people: int, width: int) -> Histories:
        """Exactly `people` rows of exactly `width` items: filled up with 0, cut at the oldest."""

        def fit(values: Ints) -> Ints:
            result = np.zeros((people, width), dtype=np.int64)
            result[: len(values), : values.shape[1]] = values[:people, :width]
            return result

        return Histories(fit(self.items), fit(self.counts), fit(self.days))

    def excluded(self, settings: ServeSettings) -> Ints:
        """Bought items that must not come back [P, H] item_index, 0 where the item may."""
        bought = self.counts > 0
        out = (
            bought if settings.exclude_seen else bought & (self.days < settings.exclude_recent_days)
        )
        return np.where(out, self.items, 0)


def read_histories(people: pd.DataFrame) -> Histories:
    """The arrays of a frame with list columns history, history_counts and history_days.

    Lists may be ragged or null; H is the longest.

    Raises:
        ServeError: the three lists of a person differ in length.
    """
    lists = [[() if row is None else row for row in people[name]] for name in COLUMNS]
    lengths = np.array([[len(row) for row in rows] for rows in lists]).reshape(len(COLUMNS), -1)
    uneven = np.flatnonzero((lengths != lengths[0]).any(axis=0))
    if uneven.size:
        first = uneven[0]
        raise ServeError(
            f"{', '.join(COLUMNS)} of a person have lengths {lengths[:, first].tolist()}",
            where=f"person_key {people['person_key'].iloc[first]}",
            remedy="give all three the same length, one entry for each item",
        )
    width = int(lengths[0].max(initial=0))
    inside = np.arange(width) < lengths[0][:, None]

    def pad(rows: list[tuple[int, ...]]) -> Ints:
        result = np.zeros(inside.shape, dtype=np.int64)
        if rows:
            result[inside] = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows])
        return result

    return Histories(*(pad(rows) for rows in lists))
