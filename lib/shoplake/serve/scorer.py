"""What serving asks of a model: vectors whose dot product is the score, or the scores themselves.

Everywhere in `serve` and `evaluate` a column of a score matrix *is* an `item_index`: C = N + 1
columns, column 0 is the padding and never a candidate. So a padded history can index a score
matrix without shifting or masking.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Scorer(Protocol):
    """A trained model, ready to score; it must pickle, since Spark workers receive a copy.

    The score of person p for item i is `people(...)[p] @ items[i]`, plus
    `own_adjustment(...)[p, h]` when i is the person's h-th history item.
    """

    @property
    def items(self) -> Floats:
        """Item vectors [C, d] by item_index, float32; row 0 is the padding and is ignored."""

    def people(self, history: Ints, counts: Ints, days: Ints) -> Floats:
        """Person vectors [P, d], float32.

        Args:
            history: [P, H] item_index, newest first, 0-padded.
            counts: [P, H] how often the person bought that item.
            days: [P, H] days since the person last touched that item.
        """

    def own_adjustment(self, counts: Ints, days: Ints) -> Floats:
        """What being in the history adds to an item's score [P, H], float32."""


@runtime_checkable
class BlockScorer(Protocol):
    """A trained model that gives scores where no vectors of items make them; it must pickle too."""

    @property
    def size(self) -> int:
        """C."""

    @property
    def near(self) -> Ints:
        """[C, n] items that, in a history, speak for each item; the strongest first, 0 for none."""

    def block(self, history: Ints, counts: Ints, days: Ints) -> Floats:
        """Finite scores [P, C], float32, the caller's to change; arrays as in `Scorer`."""


AnyScorer = Scorer | BlockScorer


def columns_of(scorer: AnyScorer) -> int:
    """C, how many columns its scores have."""
    return scorer.size if isinstance(scorer, BlockScorer) else len(scorer.items)


def score_block(scorer: AnyScorer, history: Ints, counts: Ints, days: Ints) -> Floats:
    """Scores [P, C] of people for all items; arrays as in `Scorer`."""
    if isinstance(scorer, BlockScorer):
        return scorer.block(history, counts, days)
    scores = scorer.people(history, counts, days) @ scorer.items.T
    rows, places = np.nonzero(history)
    amounts = scorer.own_adjustment(counts, days)[rows, places]
    np.add.at(scores, (rows, history[rows, places]), amounts)
    return scores
