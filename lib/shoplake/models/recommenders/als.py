"""ALS: implicit-feedback matrix factorisation by alternating least squares.

Hu, Koren & Volinsky, "Collaborative filtering for implicit feedback datasets" (ICDM 2008), as
the library `implicit` computes it. Histories are folded in, so people need not have been seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from shoplake.models.recommenders.interactions import Floats, Interactions, product


@dataclass(frozen=True)
class AlsConfig:
    """Settings of ALS.

    Attributes:
        factors: size of a vector.
        iterations: alternations.
        regularization: ridge penalty of both sides.
        alpha: an interaction is trusted 1 + alpha.
        history_decay: the item `age` places from the history's end is trusted alpha *
            history_decay ** age when a history is folded in.
        seed: of the start.
    """

    factors: int = 96
    iterations: int = 10
    regularization: float = 5.0
    alpha: float = 10.0
    history_decay: float = 0.8
    seed: int = 7


class Als:
    """ALS; items are vectors, histories are folded in by one least-squares step."""

    scoring_only = frozenset({"history_decay"})

    def __init__(self, config: AlsConfig) -> None:
        self.config = config

    def fit(self, seen: Interactions) -> Als:
        """Alternate; one thread, so that equal seeds give equal vectors."""
        # Its wheel wants the libgomp.so.1 that PyTorch's brings.
        import torch  # noqa: F401
        from implicit.cpu.als import AlternatingLeastSquares

        model = AlternatingLeastSquares(
            factors=self.config.factors,
            iterations=self.config.iterations,
            regularization=self.config.regularization,
            random_state=self.config.seed,
            num_threads=1,
        )
        # Threads of the BLAS beside those of the library would only stand in each other's way.
        with threadpool_limits(1):
            trusted = csr_matrix(seen.matrix() * self.config.alpha)
            trusted.data += 1  # implicit takes the whole confidence
            model.fit(trusted, show_progress=False)
        self.items = np.asarray(model.item_factors, dtype=np.float32)
        self.base = self.items.T @ self.items + self.config.regularization * np.eye(
            self.items.shape[1], dtype=np.float32
        )
        return self

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]."""
        trust = self.config.alpha * histories.recency(self.config.history_decay)
        people = np.zeros((len(histories), self.items.shape[1]), dtype=np.float32)
        ends = zip(histories.offsets[:-1], histories.offsets[1:], strict=True)
        with threadpool_limits(1):
            for row, (start, stop) in enumerate(ends):
                own = self.items[histories.items[start:stop]]
                weight = trust[start:stop, None].astype(np.float32)
                people[row] = np.linalg.solve(
                    self.base + own.T @ (own * weight), (own * (1 + weight)).sum(axis=0)
                )
        return product(people, self.items)
