"""The policies that serve the crowd: one family of models, learned once, or again each cycle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.closed_loop.crowd import Deed, Ints
from shoplake.models.recommenders.config import Family
from shoplake.models.recommenders.content import title_vectors
from shoplake.models.recommenders.interactions import Interactions, Recommender

NEVER, PLAIN, AGAIN = "never again", "again, without feedback", "again"
POLICIES = (NEVER, PLAIN, AGAIN)
"""Learned in cycle 1 and kept; learned again from ordinary visits; and from its own feedback too.

All three score the histories as they are by then, feedback included: what differs is what the
model has learned, not what it knows of a person.
"""


def interactions(deeds: Sequence[Deed], people: int, catalogue: int) -> Interactions:
    """One row a person, oldest first; within a day ordinary visits and lists in that order."""
    rows: list[list[int]] = [[] for _ in range(people)]
    for deed in sorted(deeds, key=lambda d: d.day):
        rows[deed.person].append(deed.item)
    return Interactions.of(rows, catalogue)


def learn(family: Family, seen: Interactions, titles: Sequence[str]) -> Recommender:
    """A model of the family, fitted on what was seen."""
    extra = {"vectors": title_vectors(titles, 64)} if family.name == "content" else {}
    return family.build(**extra).fit(seen)


def lists(
    model: Recommender, histories: Interactions, available: NDArray[np.bool_], length: int
) -> Ints:
    """Each person's best items in stock [P, length], ties by index."""
    scores = np.where(available[None, :], model.scores(histories), -np.inf)
    return np.argsort(-scores, axis=1, kind="stable")[:, :length]
