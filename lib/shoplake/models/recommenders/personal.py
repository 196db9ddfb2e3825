"""Personal frequency and recency: what this person chose before, and then what is popular.

Where people buy again this is hard to beat: Li et al., "A next basket recommendation reality
check" (TOIS 2023).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from shoplake.models.recommenders.interactions import Floats, Interactions, Ints


@dataclass(frozen=True)
class PersonalConfig:
    """Settings of personal frequency and recency.

    Attributes:
        by: "frequency" orders by how often, then by how lately; "recency" by how lately, then by
            how often; "decay" by the sum of 2 ** (-days / half_life) over the times chosen.
        half_life: days (where only the order is known: interactions) until a choice counts half.
    """

    by: Literal["frequency", "recency", "decay"] = "frequency"
    half_life: float = 60.0


class Personal:
    """What the history holds; everything else follows by popularity, below it."""

    def __init__(self, config: PersonalConfig) -> None:
        self.config = config

    def fit(self, seen: Interactions) -> Personal:
        """Count popularity, for what the history leaves open."""
        count = seen.counts()
        self.popularity = (count / (count.max(initial=0) + 1)).astype(np.float32)
        return self

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]: popularity below 1, and 1 or more where the history has the item."""
        age = histories.age if histories.days is None else histories.days
        found = np.tile(self.popularity, (len(histories), 1))
        own = histories.rows, histories.items
        if self.config.by == "decay":
            weight = 2.0 ** (-age / self.config.half_life)
            total = np.zeros(found.shape, dtype=np.float32)
            np.add.at(total, own, weight)
            found[own] = 1 + found[own] * 1e-3 + total[own]
            return found
        times = np.zeros(found.shape, dtype=np.float32)
        np.add.at(times, own, 1)
        newest = np.full(found.shape, np.inf, dtype=np.float32)
        np.minimum.at(newest, own, age)
        if self.config.by == "recency":
            found[own] = 1 + _order(own[0], newest[own], -times[own], -found[own])
            return found
        found[own] = 1 + times[own] + 0.5 / (1 + newest[own]) + 1e-6 * found[own]
        return found


def _order(row: Ints, *keys: Floats) -> Floats:
    """Where each stands in its row by the keys: from below 1 (the least) to above 0.

    Equal keys share a place. No sum of weighed keys does this for any number of days in float32.
    """
    columns: list[np.ndarray] = [*keys[::-1], row]
    order = np.lexsort(columns)
    row = row[order]
    begins = np.diff(row, prepend=-1) != 0
    differs = np.any([np.diff(key[order], prepend=np.nan) != 0 for key in keys], axis=0)
    place = np.cumsum(begins | differs)
    start = np.maximum.accumulate(np.where(begins, place, 0))
    size = np.zeros(row.max(initial=-1) + 1, dtype=np.int64)
    np.maximum.at(size, row, place - start + 1)
    found = np.empty(len(row), dtype=np.float32)
    found[order] = 1 - (place - start + 1) / (size[row] + 1)
    return found
