"""What judges said of similar queries: votes for their titles, and a direction towards them.

Only queries above a cosine count, and a title without such a vote has none at all, whether it was
ever judged or not. That a title is in the catalogue but was judged for nothing known tells, in a
benchmark's catalogue of judged titles, that an unseen query must ask for it; nothing here may
learn that (docs/search.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.models.search.encoder import Vectors, inner_products
from shoplake.models.search.judgements import RELEVANT, Judgements

_BLOCK = 512


@dataclass(frozen=True)
class Votes:
    """Of similar judged queries; rows are the asking queries.

    Attributes:
        seen: summed similarity of the neighbours that a title was judged for [Q, T].
        gain: the same times the grade, from 0 (irrelevant) to 1 (perfect) [Q, T].
        relevant: weights of titles judged relevant for neighbours, rows summing to 1 or 0 [Q, T].
        nearest: cosine of the nearest neighbour, 0 without one [Q].
    """

    seen: csr_array
    gain: csr_array
    relevant: csr_array
    nearest: NDArray[np.float32]


class JudgedQueries:
    """The judged queries of the training data, found again by meaning."""

    def __init__(
        self, judged: Judgements, vectors: Vectors, *, neighbours: int, least: float
    ) -> None:
        shape = (len(judged.queries), len(judged.titles))
        where = (judged.query, judged.title)
        self._vectors = vectors
        self._neighbours = neighbours
        self._least = least
        ones = np.ones(len(judged), dtype=np.float32)
        gains = ((judged.relevance - 1) / 2).astype(np.float32)
        good = (judged.relevance >= RELEVANT).astype(np.float32)
        self._seen = csr_array((ones, where), shape=shape)
        self._gain = csr_array((gains, where), shape=shape)
        relevant = csr_array((good, where), shape=shape)
        count = np.maximum(relevant.sum(axis=1), 1)
        self._relevant = csr_array(relevant.multiply(1 / count[:, None]))

    def votes(self, vectors: Vectors, itself: NDArray[np.int64] | None = None) -> Votes:
        """Votes for queries by their base vectors.

        Args:
            vectors: [Q, width].
            itself: where a query is among the judged ones, -1 where not: it is no neighbour of
                itself [Q].
        """
        count = min(self._neighbours, len(self._vectors))
        rows, columns, values = [], [], []
        nearest = np.zeros(len(vectors), dtype=np.float32)
        for start in range(0, len(vectors), _BLOCK):
            cosines = inner_products(vectors[start : start + _BLOCK], self._vectors)
            if itself is not None:
                own = itself[start : start + _BLOCK]
                cosines[own >= 0, own[own >= 0]] = -1
            best = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
            found = np.take_along_axis(cosines, best, axis=1)
            nearest[start : start + _BLOCK] = found.max(axis=1)
            row, at = np.nonzero(found >= self._least)
            rows.append(row + start)
            columns.append(best[row, at])
            values.append(found[row, at] ** 2)
        near = csr_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(len(vectors), len(self._vectors)),
            dtype=np.float32,
        )
        relevant = csr_array(near @ self._relevant)
        total = np.asarray(relevant.sum(axis=1))
        scaled = relevant.multiply((1 / np.where(total > 0, total, 1))[:, None])
        nearest[nearest < self._least] = 0
        return Votes(
            csr_array(near @ self._seen),
            csr_array(near @ self._gain),
            csr_array(scaled, dtype=np.float32),
            nearest,
        )
