"""Settings chosen on a validation part of the training data, never on what is judged."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from shoplake.models.recommenders.config import Family
from shoplake.models.recommenders.interactions import Interactions, Recommender


@dataclass(frozen=True)
class Validation:
    """A part of the training data to learn settings on.

    Attributes:
        past: what the models learn from.
        histories: [V] rows whose next items are known; each ends before its truth.
        truth: [V] item index, or [V, C] sparse for several.
    """

    past: Interactions
    histories: Interactions
    truth: np.ndarray

    def sample(self, count: int, seed: int) -> tuple[Validation, Validation]:
        """Two parts without a common row: `count` rows at random, and the others."""
        order = np.random.default_rng(seed).permutation(len(self.histories))
        return self.part(np.sort(order[:count])), self.part(np.sort(order[count:]))

    def part(self, rows: np.ndarray) -> Validation:
        """Only these rows to validate on."""
        return Validation(self.past, self.histories.take(rows), self.truth[rows])


def tuned(
    family: Family,
    validation: Validation,
    measure: Callable[[Recommender, Validation], float],
    build: Callable[[Family], Recommender],
) -> tuple[Family, Recommender, float]:
    """The best settings by one pass over the grid, a setting at a time; the first wins a tie.

    A model names in `scoring_only` the settings that what it has learned does not depend on.

    Returns:
        The family with these settings, its model fitted on the past, and what it measured.
    """
    best = family
    model = build(best).fit(validation.past)
    value = measure(model, validation)
    for setting in family.grid:
        for other in list(best.neighbours(setting)):
            if setting in getattr(model, "scoring_only", ()):
                candidate = copy.copy(model)
                candidate.config = other.config  # type: ignore[attr-defined]
            else:
                candidate = build(other).fit(validation.past)
            found = measure(candidate, validation)
            if found > value:
                best, model, value = other, candidate, found
    return best, model, value
