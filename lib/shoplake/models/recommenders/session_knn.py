"""Session-based nearest neighbours: VSKNN and STAN, as sparse matrix products.

VSKNN: Ludewig & Jannach, "Evaluation of session-based recommendation algorithms" (UMUAI 2018).
STAN: Garg et al., "Sequence and time aware neighborhood for session-based recommendations"
(SIGIR 2019): VSKNN with exponential decays of position, of the neighbour's age, and of the
distance to the shared item within the neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from shoplake.models.recommenders.interactions import Floats, Interactions, Ints


@dataclass(frozen=True)
class SessionKnnConfig:
    """Settings of session-kNN. A decay of 0 leaves that factor out.

    Attributes:
        neighbours: the most similar sessions that vote.
        position_decay: an item `age` places from the session's end counts exp(-age / it). STAN's
            lambda 1.
        session_decay: a neighbour that is this share of all sessions older counts 1/e. STAN's
            lambda 2, in shares of the training sessions instead of days.
        distance_decay: an item this far from the shared item counts 1/e. STAN's lambda 3.
        idf: items vote log(sessions / count) ** idf.
    """

    neighbours: int = 500
    position_decay: float = 1.5
    session_decay: float = 1.0
    distance_decay: float = 2.0
    idf: float = 0.5


class SessionKnn:
    """Rows of `fit` are sessions by time, oldest first."""

    scoring_only = frozenset({"neighbours", "position_decay", "distance_decay"})

    def __init__(self, config: SessionKnnConfig) -> None:
        self.config = config

    def fit(self, seen: Interactions) -> SessionKnn:
        """Index the sessions; memory grows with interactions."""
        self.seen = seen
        binary = seen.matrix()
        binary.data[:] = 1
        lengths = np.maximum(np.diff(binary.indptr), 1)
        weight = lengths**-0.5
        if self.config.session_decay:
            share = (len(seen) - 1 - np.arange(len(seen))) / max(len(seen), 1)
            weight = weight * np.exp(-share / self.config.session_decay)
        scaled = csr_array(
            (np.repeat(weight, np.diff(binary.indptr)), binary.indices, binary.indptr),
            binary.shape,
        )
        self.by_item = csr_array(scaled.T.astype(np.float32))
        count = np.maximum(seen.counts(), 1)
        self.idf = np.log(1 + len(seen) / count).astype(np.float32) ** self.config.idf
        return self

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]; 0 where no neighbour has the item."""
        age = histories.age
        decay = self.config.position_decay
        weights = np.exp(-age / decay) if decay else np.ones(len(age))
        similarity = histories.matrix(weights) @ self.by_item
        rows, sessions, amounts = _strongest(similarity, self.config.neighbours)
        return self._votes(histories, rows, sessions, amounts)

    def _votes(
        self, histories: Interactions, rows: Ints, sessions: Ints, amounts: Floats
    ) -> Floats:
        seen, width = self.seen, histories.catalogue
        lengths = seen.lengths[sessions]
        starts = np.cumsum(lengths) - lengths
        inside = np.arange(lengths.sum()) - np.repeat(starts, lengths)
        items = seen.items[np.repeat(seen.offsets[sessions], lengths) + inside]
        row = np.repeat(rows, lengths)
        votes = np.repeat(amounts, lengths)
        if self.config.distance_decay:
            newest = np.full(len(histories) * width, 2**15, dtype=np.int32)
            np.minimum.at(newest, histories.rows * width + histories.items, histories.age)
            # Where in the neighbour the most recent shared item stands; its last place if repeated.
            key = newest[row * width + items].astype(np.int64) * 2**15 + (2**15 - 1 - inside)
            shared = 2**15 - 1 - np.minimum.reduceat(key, starts) % 2**15 if len(key) else starts
            distance = np.abs(inside - np.repeat(shared, lengths))
            votes = votes * np.exp(-distance / self.config.distance_decay)
        total = np.bincount(row * width + items, votes, minlength=len(histories) * width)
        found = total.astype(np.float32).reshape(len(histories), width)
        found *= self.idf
        return found


def _strongest(similarity: csr_array, keep: int) -> tuple[Ints, Ints, Floats]:
    """(row, column, value) of the `keep` largest entries of each row."""
    rows = np.repeat(np.arange(similarity.shape[0]), np.diff(similarity.indptr))
    order = np.lexsort((-similarity.indices, -similarity.data, rows))
    place = np.arange(len(rows)) - np.repeat(similarity.indptr[:-1], np.diff(similarity.indptr))
    order = order[place < keep]
    return rows[order], similarity.indices[order], similarity.data[order]
