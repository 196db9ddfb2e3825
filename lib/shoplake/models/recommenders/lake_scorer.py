"""A family ready to serve a catalogue: blocks of people in, scores of all items out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shoplake.models.recommenders.interactions import Floats, Ints
from shoplake.models.recommenders.lake_ranker import LakeRanker
from shoplake.models.recommenders.parts import Part
from shoplake.models.recommenders.seen import Seen
from shoplake.models.recommenders.seen_features import ItemFacts

_BYTES, _MOST_ROWS = 2**26, 512


@dataclass(frozen=True)
class FamilyScorer:
    """Scores of any person for a catalogue of C = N + 1 items by item_index, row 0 padding.

    It pickles, for Spark workers receive a copy: arrays, networks' weights and trees as text.

    Attributes:
        parts: what has been learned.
        ranker: the ranker over the parts; None of one part alone.
        facts: the model's M items at the instant to score for.
        columns: [C] the model's item of each item_index, -1 where it does not know the item.
        near: [C, n] item_index of those whose owners this item is for; 0 for none.
    """

    parts: Mapping[str, Part]
    ranker: LakeRanker | None
    facts: ItemFacts
    columns: Ints
    near: Ints

    @property
    def size(self) -> int:
        """C."""
        return len(self.columns)

    def block(self, history: Ints, counts: Ints, days: Ints) -> Floats:
        """Scores [P, C] float32; items that the model does not know come last.

        Who has no item that the model knows gets what is popular. People go through in blocks of at
        most 64 MB of scores; a part holds a few times as much while it scores one.

        Args:
            history, counts, days: [P, H], as in `serve.scorer.Scorer`.
        """
        rows = max(1, min(_MOST_ROWS, _BYTES // (4 * self.size)))
        found = np.empty((len(history), self.size), dtype=np.float32)
        catalogue = len(self.facts.category)
        known = self.columns >= 0
        for start in range(0, len(history), rows):
            some = slice(start, start + rows)
            arrays = history[some], counts[some], days[some]
            scores = self._ranked(Seen.of(*arrays, self.columns, catalogue))
            least = scores.min(axis=1, keepdims=True, initial=0)
            found[some] = least - 1
            found[some, known] = scores[:, self.columns[known]]
        return found

    def _ranked(self, seen: Seen) -> Floats:
        """[P, M]; of all people at once, so that last bits do not depend on who has a history."""
        scores = {name: part.scores(seen) for name, part in self.parts.items()}
        popular = self.facts.log_popularity.astype(np.float32)
        people = (seen.item >= 0).any(axis=1)
        if self.ranker is None:
            found = next(iter(scores.values()))
            found[~people] = popular
            return found
        found = np.tile(popular, (len(seen), 1))
        if people.any():
            known = {name: values[people] for name, values in scores.items()}
            found[people] = self.ranker.rank(seen[people], self.facts, known)
        return found
