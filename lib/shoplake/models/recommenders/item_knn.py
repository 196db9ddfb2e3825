"""Item-based nearest neighbours that know order and distance within a history.

Linden et al., "Amazon.com recommendations: item-to-item collaborative filtering" (2003), with
pairs weighted by how far apart they are, as in Ludewig et al., "Empirical analysis of
session-based recommendation algorithms" (UMUAI 2021), "SR".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

from shoplake.models.recommenders.interactions import Floats, Interactions

#: From this share of pairs on, similarities are held in full.
_DENSE = 0.1


@dataclass(frozen=True)
class ItemKnnConfig:
    """Settings of item-kNN.

    Attributes:
        window: pairs further apart than this many interactions do not count; 0 counts all pairs of
            a row once, as for baskets, whose order means nothing.
        gap_decay: a pair d interactions apart counts gap_decay ** (d - 1).
        backward: what a pair counts for recommending the earlier item after the later one.
        popularity: a pair is divided by (count_i * count_j) ** popularity; 0.5 is the cosine.
        history_decay: the item `age` places from the history's end counts history_decay ** age;
            where there are days, history_decay ** (days / 30).
    """

    window: int = 20
    gap_decay: float = 0.8
    backward: float = 1.0
    popularity: float = 0.5
    history_decay: float = 0.8


class ItemKnn:
    """Item-kNN; scores are sums over the history of its items' similarities."""

    scoring_only = frozenset({"history_decay"})

    def __init__(self, config: ItemKnnConfig) -> None:
        self.config = config

    def fit(self, seen: Interactions) -> ItemKnn:
        """Count the pairs within each row; memory grows with interactions x window."""
        size = seen.catalogue
        found = self._ordered(seen) if self.config.window else together(seen)
        scale = np.maximum(seen.counts(), 1).astype(np.float32) ** -self.config.popularity
        self.similarity = csr_array(diags_array(scale) @ found @ diags_array(scale))
        self.similarity = self.similarity.astype(np.float32)
        # In a small shop nearly every pair occurs: then a dense product is ten times as fast.
        self.dense = self.similarity.nnz > _DENSE * size**2
        if self.dense:
            self.similarity = self.similarity.toarray()
        return self

    def _ordered(self, seen: Interactions) -> csr_array:
        left, right, gap = pairs(seen, self.config.window)
        weight = (self.config.gap_decay ** (gap - 1.0)).astype(np.float32)
        forward = csr_array((weight, (left, right)), (seen.catalogue, seen.catalogue))
        return csr_array(forward + self.config.backward * forward.T)

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]."""
        weights = histories.recency(self.config.history_decay)
        found = histories.matrix(weights) @ self.similarity
        return np.asarray(found if self.dense else found.toarray(), dtype=np.float32)


def together(seen: Interactions) -> csr_array:
    """How many rows hold both items [C, C]; an item with itself counts 0."""
    binary = seen.matrix()
    binary.data[:] = 1
    found = csr_array(binary.T @ binary)
    found.setdiag(0)
    found.eliminate_zeros()
    return found


def pairs(seen: Interactions, window: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(earlier item, later item, distance) of all pairs of a row at most `window` apart."""
    rows, items = seen.rows, seen.items
    left, right, gaps = [], [], []
    for gap in range(1, min(window, int(seen.lengths.max(initial=1)) - 1) + 1):
        together = rows[:-gap] == rows[gap:]
        left.append(items[:-gap][together])
        right.append(items[gap:][together])
        gaps.append(np.full(int(together.sum()), gap))
    none = [np.zeros(0, dtype=np.int64)]
    found = [np.concatenate(part or none) for part in (left, right, gaps)]
    other = found[0] != found[1]
    return found[0][other], found[1][other], found[2][other]
