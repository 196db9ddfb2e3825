"""The simple rankings every model has to beat, and the model as one more ranking beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from shoplake.serve.histories import Histories
from shoplake.serve.scorer import AnyScorer, Floats, Ints, score_block


class Scorer(Protocol):
    """Something that scores the whole catalogue for any block of a fixed list of people."""

    def score(self, people: slice) -> Floats:
        """Scores [p, C] of these people by item_index, float32, the caller's to change."""


@dataclass(frozen=True)
class Popularity:
    """The same for everyone: how many people bought each item.

    Attributes:
        people_count: [C] of all time ("popularity") or of the last 30 days ("recent popularity").
    """

    people_count: Ints

    def score(self, people: slice) -> Floats:
        """Scores [p, C]."""
        return np.tile(self.people_count.astype(np.float32), (people.stop - people.start, 1))


@dataclass(frozen=True)
class PersonalFrequency:
    """What this person bought most; equal counts by recency, then popularity; then popular items.

    On shops where people buy again this is hard to beat (Li et al., "A Next Basket Recommendation
    Reality Check", TOIS 2023).

    Attributes:
        histories: of all people; recency is `days`, the last touch. An item with count 0 was not
            bought and ranks by popularity.
        people_count: [C] how many people bought each item.
    """

    histories: Histories
    people_count: Ints

    def score(self, people: slice) -> Floats:
        """Scores [p, C]: popularity scaled below 1, and 1 + its place from the end if bought.

        Items equal in count, recency and popularity share a place, so they stay tied.
        """
        own = self.histories[people]
        size = len(own.items)
        scores = np.tile(
            (self.people_count / (self.people_count.max(initial=0) + 1)).astype(np.float32),
            (size, 1),
        )
        rows, places = np.nonzero((own.counts > 0) & (own.items > 0))
        items = own.items[rows, places]
        keys = (self.people_count[items], -own.days[rows, places], own.counts[rows, places], rows)
        order = np.lexsort(keys)
        rows, items = rows[order], items[order]
        sorted_keys = np.stack([key[order] for key in keys])
        new_place = np.ones(len(rows), dtype=np.int64)
        new_place[1:] = (sorted_keys[:, 1:] != sorted_keys[:, :-1]).any(axis=0)
        place = np.cumsum(new_place)
        first_of_row = np.searchsorted(rows, np.arange(size))
        scores[rows, items] = 1 + place - place[first_of_row[rows]]
        return scores


@dataclass(frozen=True)
class Model:
    """A served model, scored on its whole catalogue."""

    scorer: AnyScorer
    histories: Histories

    def score(self, people: slice) -> Floats:
        """Scores [p, C]."""
        own = self.histories[people]
        return score_block(self.scorer, own.items, own.counts, own.days)
