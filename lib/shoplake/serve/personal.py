"""Served while no model has beaten it: what a person bought before, then what is popular."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoplake.serve.scorer import Floats, Ints


@dataclass(frozen=True)
class PersonalFrequencyScorer:
    """Own purchases by count, the newer first among equals; everything else by popularity.

    Attributes:
        popularity: [C] people who bought each item lately; row 0 is the padding.
    """

    popularity: Ints

    @property
    def items(self) -> Floats:
        """Popularity scaled below 1 [C, 1], so that it never outranks a purchase of one's own."""
        top = self.popularity.max(initial=0) + 1
        return (self.popularity / top).astype(np.float32)[:, None]

    def people(self, history: Ints, counts: Ints, days: Ints) -> Floats:
        """Everyone likes what is popular [P, 1]."""
        return np.ones((len(history), 1), dtype=np.float32)

    def own_adjustment(self, counts: Ints, days: Ints) -> Floats:
        """Count plus a bonus below 1 that fades with the days since [P, H]."""
        recency = 1 / (1 + np.maximum(days, 0))
        return np.where(counts > 0, 1 + counts + recency, 0).astype(np.float32)
