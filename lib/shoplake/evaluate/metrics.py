"""Ranking metrics over the full catalogue, with ties broken neutrally: by their expected value.

A scorer that gives equal scores has not ordered those items, so its metric is the mean over all
orders of them (McSherry & Najork, "Computing information retrieval performance measures
efficiently in the presence of tied scores", ECIR 2008). Ties by position would reward a constant
model for how the catalogue happens to be sorted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.errors import ShoplakeError

METRICS = ("recall", "ndcg", "mrr")
Values = NDArray[np.float64]


class EvaluationError(ShoplakeError):
    """Scores, truth and people do not fit together, so no number would be honest."""


def ranking_metrics(scores: NDArray[np.float32], truth: csr_array, k: int) -> dict[str, Values]:
    """Recall@k, nDCG@k and MRR@k of each person.

    With g items scored above a true item and e equal to it (itself included), its rank is uniform
    on g+1..g+e. Recall and DCG are sums over true items, so expectations add up. The reciprocal
    rank needs the first hit only: it lies in the best tie group that has a true item, and with t
    true ones among e the first sits at position j with probability C(e-j, t-1) / C(e, t).

    Args:
        scores: [P, C]; -inf marks what is no candidate. A true item that is none is missed.
        truth: [P, C], non-zero where the item is true; binary relevance.
        k: cut-off.

    Returns:
        "recall" (hits / all true items), "ndcg" (ideal: all true items first) and "mrr", each [P];
        NaN for people without a true item.

    Raises:
        EvaluationError: a score is NaN, or shapes differ.
    """
    if scores.shape != truth.shape:
        raise EvaluationError(
            f"scores are {scores.shape}, the truth is {truth.shape}",
            remedy="give both one row a person and one column an item_index",
        )
    people = len(scores)
    relevant = np.diff(truth.indptr)
    rows = np.repeat(np.arange(people), relevant)
    values = scores[rows, truth.indices]
    above, equal = tie_groups(scores, rows, values, k)

    gains = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, k + 2)))])
    start, end = np.minimum(above, k), np.minimum(above + equal, k)
    hits = np.bincount(rows, (end - start) / equal, minlength=people)
    dcg = np.bincount(rows, (gains[end] - gains[start]) / equal, minlength=people)
    with np.errstate(invalid="ignore"):
        return {
            "recall": hits / relevant,
            "ndcg": dcg / np.where(relevant > 0, gains[np.minimum(relevant, k)], np.nan),
            "mrr": np.where(relevant > 0, _reciprocal_rank(people, rows, above, equal, k), np.nan),
        }


def tie_groups(
    scores: NDArray[np.float32], rows: NDArray[np.int64], values: NDArray[np.float32], k: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """How many items of the row score above each value, and how many equal to it.

    Exact for values among the row's k best; for others `above` is k, which is all a metric @k asks.
    One partition finds the k best, so only the last of their tie groups needs a look at the row.
    """
    size = min(k, scores.shape[1])
    best = np.partition(scores, scores.shape[1] - size, axis=1)[:, -size:]
    if np.isnan(best).any():
        raise EvaluationError(
            "scores hold NaN",
            where=f"first at person {int(np.isnan(best).any(axis=1).argmax())} of this block",
            remedy="check the model's loss and its inputs; mark non-candidates with -inf",
        )
    border = best.min(axis=1)
    at_border = (scores == border[:, None]).sum(axis=1)
    above = (best[rows] > values[:, None]).sum(axis=1)
    equal = (best[rows] == values[:, None]).sum(axis=1)
    equal = np.where(values == border[rows], at_border[rows], equal)
    out = (values < border[rows]) | np.isneginf(values)
    return np.where(out, k, above), np.where(out, 1, equal)


def _reciprocal_rank(
    people: int,
    rows: NDArray[np.int64],
    above: NDArray[np.int64],
    equal: NDArray[np.int64],
    k: int,
) -> Values:
    first = np.full(people, k)
    np.minimum.at(first, rows, above)
    leading = (above == first[rows]) & (above < k)
    size = np.ones(people, dtype=np.int64)
    size[rows[leading]] = equal[leading]
    true = np.bincount(rows[leading], minlength=people)

    result = np.zeros(people)
    chance = true / size  # that the group's j-th position holds the first hit, from j = 1
    for j in range(1, k + 1):
        rank = first + j
        result += np.where(rank <= k, chance / rank, 0)
        chance = chance * np.clip(size - j - true + 1, 0, None) / np.maximum(size - j, 1)
    return result
