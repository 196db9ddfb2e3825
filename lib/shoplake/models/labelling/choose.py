"""Which pairs to label next: those the learner is unsure of, and that differ from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shoplake.models.labelling.learner import Floats, spread

#: Pairs considered for each that is chosen.
_CONSIDERED = 4
_FIRST = 20


def worth_labelling(
    rows: Floats,
    grades: Floats,
    pool: Floats,
    query: NDArray[np.int64],
    count: int,
    *,
    seed: int,
) -> tuple[NDArray[np.int64], Floats]:
    """Indices into the pool, most wanted first, and each pool pair's uncertainty.

    Of the most uncertain pairs as many clusters are made as are to be chosen, and of each cluster
    the most uncertain is taken (Zhdanov, "Diverse mini-batch active learning", 2019); of a query
    no more than one pair as long as there are others. With fewer than 20 labels, pairs spread over
    all features are chosen.

    Args:
        rows, grades: features and grades of labelled pairs.
        pool: features of pairs without a label.
        query: of each pool pair.
        count: how many to choose.
        seed: of the draws.
    """
    from sklearn.cluster import MiniBatchKMeans

    count = min(count, len(pool))
    if not count:
        return np.zeros(0, dtype=np.int64), np.zeros(len(pool))
    known = len(rows) >= _FIRST
    unsure = spread(rows, grades, pool, seed=seed) if known else np.ones(len(pool))
    order = np.random.default_rng(seed).permutation(len(pool))
    order = order[np.argsort(-unsure[order], kind="stable")]
    wide = _one_a_query(order, query)[: _CONSIDERED * count] if known else order
    scaled = (pool[wide] - pool.mean(0)) / np.maximum(pool.std(0), 1e-6)
    means = MiniBatchKMeans(min(count, len(wide)), random_state=seed, n_init=1, batch_size=1024)
    of = means.fit_predict(scaled, sample_weight=np.maximum(unsure[wide], 1e-9))
    first = np.unique(of, return_index=True)[1]
    chosen = wide[np.sort(first)]
    rest = order[~np.isin(order, chosen)][: count - len(chosen)]
    return np.concatenate([chosen, rest]), unsure


def _one_a_query(order: NDArray[np.int64], query: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each query's first, then each one's second, and so on; otherwise in order."""
    seen: dict[int, int] = {}
    turn = np.empty(len(order), dtype=np.int64)
    for at, row in enumerate(order):
        turn[at] = seen.get(int(query[row]), 0)
        seen[int(query[row])] = int(turn[at]) + 1
    return order[np.argsort(turn, kind="stable")]
