"""How well answers to questions are found: by rank among all answers, and by what is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.evaluate.metrics import Values, ranking_metrics
from shoplake.models.search.text import terms, words

Floats = NDArray[np.float32]
CUTS = (1, 10)


def retrieval_values(scores: Floats, own: NDArray[np.int64]) -> dict[str, Values]:
    """recall@1, recall@10 and mrr@10 of each question, ties by expected value.

    Args:
        scores: of every distinct answer [Q, A]; -inf for what is no candidate.
        own: the question's answer [Q], a column of `scores`.
    """
    rows = np.arange(len(own))
    truth = csr_array((np.ones(len(own), np.float32), (rows, own)), shape=scores.shape)
    found: dict[str, Values] = {}
    for cut in CUTS:
        at = ranking_metrics(scores, truth, cut)
        found[f"recall@{cut}"] = at["recall"]
        if cut > 1:
            found[f"mrr@{cut}"] = at["mrr"]
    return found


def best_without(scores: Floats, own: NDArray[np.int64]) -> tuple[Values, Values]:
    """The best score of each question [Q] with its answer there, and as if nobody had given it."""
    without = scores.copy()
    without[np.arange(len(own)), own] = -np.inf
    return scores.max(axis=1).astype(float), without.max(axis=1).astype(float)


def answer_f1(told: str, given: str) -> float:
    """Harmonic mean of precision and recall of stems, repeats counted (SQuAD's F1)."""
    a, b = Counter(terms(words(told))), Counter(terms(words(given)))
    shared = sum((a & b).values())
    return 2 * shared / max(sum(a.values()) + sum(b.values()), 1)


def weighed(values: Mapping[str, Values]) -> Callable[[Values], dict[str, float]]:
    """Weighted means of values a question, for `clustered.resampled`; NaN is left out."""

    def measures(weight: Values) -> dict[str, float]:
        found = {}
        for name, value in values.items():
            there = np.isfinite(value)
            total = max(float(weight[there].sum()), 1e-12)
            found[name] = float((weight[there] * value[there]).sum() / total)
        return found

    return measures
