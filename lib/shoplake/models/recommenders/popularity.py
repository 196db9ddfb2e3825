"""Popularity: the same ranking for everyone, of all time or of late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoplake.models.recommenders.interactions import Floats, Interactions


@dataclass(frozen=True)
class PopularityConfig:
    """Settings of popularity.

    Attributes:
        recent_rows: the share of rows, the latest ones, that counts where there are no days.
        recent_days: the days before the cut that count where there are days.
        recent: count only recent interactions; otherwise all.
    """

    recent: bool = False
    recent_rows: float = 0.1
    recent_days: float = 30.0


class Popularity:
    """How many interactions each item has."""

    def __init__(self, config: PopularityConfig) -> None:
        self.config = config

    def fit(self, seen: Interactions) -> Popularity:
        """Count."""
        if not self.config.recent:
            self.count = seen.counts()
            return self
        if seen.days is not None:
            self.count = seen.where(seen.days <= self.config.recent_days).counts()
        else:
            first = len(seen) - int(np.ceil(len(seen) * self.config.recent_rows))
            self.count = seen.block(first, len(seen)).counts()
        return self

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]."""
        return np.tile(self.count.astype(np.float32), (len(histories), 1))
