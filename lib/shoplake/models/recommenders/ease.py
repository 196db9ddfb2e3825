"""EASE: a full-rank linear item-item model with a closed form.

Steck, "Embarrassingly shallow autoencoders for sparse data" (WWW 2019).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import csr_array

from shoplake.models.recommenders.interactions import Floats, Interactions


@dataclass(frozen=True)
class EaseConfig:
    """Settings of EASE.

    Attributes:
        l2: ridge penalty.
        history_decay: the item `age` places from the history's end counts history_decay ** age
            (with days: ** (days / 30)), in what is scored; in what is learned everything counts 1.
        items: the most frequent items that take part; time grows with its cube, memory with its
            square (4 bytes). Others score 0.
    """

    l2: float = 100.0
    history_decay: float = 0.8
    items: int = 12_000


class Ease:
    """EASE on the most frequent items."""

    scoring_only = frozenset({"history_decay"})

    def __init__(self, config: EaseConfig) -> None:
        self.config = config

    def fit(self, seen: Interactions) -> Ease:
        """Invert the regularised Gram matrix by Cholesky, in place, in float32."""
        count = seen.counts()
        self.members = np.sort(np.argsort(-count, kind="stable")[: self.config.items])
        inputs = seen.matrix()[:, self.members]
        gram = np.asarray((inputs.T @ inputs).toarray(), dtype=np.float32, order="F")
        gram[np.diag_indices_from(gram)] += self.config.l2
        factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1, clean=0)
        inverse, also = lapack.spotri(factor, lower=1, overwrite_c=1)
        if failed or also:
            raise ValueError("the Gram matrix is not positive definite; raise l2")
        # Only the lower triangle of the column-major result is set: mirror it.
        weights = inverse.T
        lower = np.tril_indices_from(weights, -1)
        weights[lower] = weights.T[lower]
        weights /= -np.diag(weights).copy()
        np.fill_diagonal(weights, 0)
        self.weights = np.ascontiguousarray(weights)
        return self

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]."""
        inputs = csr_array(histories.matrix(histories.recency(self.config.history_decay)))
        found = np.zeros((len(histories), histories.catalogue), dtype=np.float32)
        found[:, self.members] = inputs[:, self.members] @ self.weights
        return found
