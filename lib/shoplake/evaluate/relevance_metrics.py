"""Metrics of search: graded retrieval over a whole catalogue, and predicted grades.

Discounted cumulative gain: Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR
techniques", 2002, with gain = grade - 1, so that what judges found irrelevant gains nothing, as
what nobody judged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.stats import rankdata

from shoplake.evaluate.findings import Figure
from shoplake.evaluate.metrics import Values, ranking_metrics, tie_groups
from shoplake.models.search.judgements import RELEVANT, Judgements

K = 10


def retrieval_metrics(
    scores: NDArray[np.float32], judged: Judgements, part: slice
) -> dict[str, Values]:
    """Recall@10, MRR@10 and graded nDCG@10 of a block of queries, ties by expected value.

    Args:
        scores: [block, T], -inf where a title is not ranked.
        judged: all judgements; a title that is not judged for a query is irrelevant to it.
        part: which of `judged.queries` the block is.

    Returns:
        "recall@10", "mrr@10", "ndcg@10", each [block]; NaN for queries without a relevant title.
    """
    rows = (judged.query >= part.start) & (judged.query < part.stop)
    query, title = judged.query[rows] - part.start, judged.title[rows]
    grades = judged.relevance[rows]
    relevant = grades >= RELEVANT
    truth = csr_array(
        (np.ones(relevant.sum(), dtype=np.float32), (query[relevant], title[relevant])),
        shape=scores.shape,
    )
    found = ranking_metrics(scores, truth, K)
    ndcg = _ndcg(scores, query, title, grades - 1)
    return {
        "ndcg@10": np.where(np.isnan(found["recall"]), np.nan, ndcg),
        "mrr@10": found["mrr"],
        "recall@10": found["recall"],
    }


def _ndcg(
    scores: NDArray[np.float32],
    query: NDArray[np.int64],
    title: NDArray[np.int64],
    gains: Values,
) -> Values:
    above, equal = tie_groups(scores, query, scores[query, title], K)
    discounts = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(2, K + 2)))])
    start, end = np.minimum(above, K), np.minimum(above + equal, K)
    reached = gains * (discounts[end] - discounts[start]) / equal
    count = len(scores)
    order = np.lexsort((-gains, query))
    place = np.arange(len(order)) - np.searchsorted(query[order], query[order])
    best = np.where(place < K, gains[order] / np.log2(np.minimum(place, K) + 2), 0)
    ideal = np.bincount(query[order], best, minlength=count)
    dcg = np.bincount(query, reached, minlength=count)
    return np.asarray(dcg / np.where(ideal > 0, ideal, np.nan))


def grade_metrics(
    predicted: dict[str, Values],
    grades: Values,
    query: NDArray[np.int64],
    baselines: list[str],
    *,
    seed: int,
    resamples: int = 1000,
) -> dict[str, dict[str, Figure]]:
    """Figures of predicted grades; intervals by resampling queries, never single rows.

    "rmse", "mae", "spearman", and as a classifier at `RELEVANT`: "accuracy", "precision",
    "recall", "f1". The lead in rmse and mae is the best baseline's error less the model's.
    """
    count = int(query.max()) + 1
    weights = np.random.default_rng(seed).multinomial(
        count, np.full(count, 1 / count), size=resamples
    )
    per_query = {name: _sums(found, grades, query, count) for name, found in predicted.items()}
    sizes = np.bincount(query, minlength=count)
    draws = {
        name: {m: _from_sums(m, weights @ sums, weights @ sizes) for m in _SUMMED}
        for name, sums in per_query.items()
    }
    values = {
        name: {m: _from_sums(m, sums.sum(axis=0), sizes.sum()) for m in _SUMMED}
        for name, sums in per_query.items()
    }
    best = min(baselines, key=lambda name: float(values[name]["rmse"]))
    ranks = rankdata(grades)
    figures: dict[str, dict[str, Figure]] = {}
    for name, found in predicted.items():
        row: dict[str, Figure] = {}
        for metric in _SUMMED:
            drawn = draws[name][metric]
            lead = None
            if name not in baselines:
                sign = -1 if metric in ("rmse", "mae") else 1
                gap = sign * (drawn - draws[best][metric])
                at = sign * (values[name][metric] - values[best][metric])
                low, high = np.quantile(gap, [0.025, 0.975])
                lead = (float(at), float(low), float(high))
            low, high = np.quantile(drawn, [0.025, 0.975])
            figures_of = Figure(float(values[name][metric]), float(low), float(high), lead)
            row[metric] = figures_of
        if np.ptp(found) > 0:
            row["spearman"] = Figure(float(np.corrcoef(rankdata(found), ranks)[0, 1]))
        figures[name] = row
    return figures


_SUMMED = ("rmse", "mae", "accuracy", "precision", "recall", "f1")


def _sums(found: Values, grades: Values, query: NDArray[np.int64], count: int) -> Values:
    """Each query's squared and absolute errors, and its hits, calls, relevant and right [Q, 6]."""
    called, truly = found >= RELEVANT, grades >= RELEVANT
    parts = [
        (found - grades) ** 2,
        np.abs(found - grades),
        called & truly,
        called,
        truly,
        called == truly,
    ]
    return np.stack([np.bincount(query, p.astype(float), minlength=count) for p in parts], axis=1)


def _from_sums(metric: str, sums: Values, rows: NDArray[np.int64]) -> Values:
    squared, absolute, hits, called, truly, right = np.moveaxis(sums, -1, 0)
    if metric == "rmse":
        return np.sqrt(squared / rows)
    if metric == "mae":
        return np.asarray(absolute / rows)
    if metric == "accuracy":
        return np.asarray(right / rows)
    if metric == "precision":
        return np.asarray(hits / np.maximum(called, 1))
    if metric == "recall":
        return np.asarray(hits / np.maximum(truly, 1))
    return np.asarray(2 * hits / np.maximum(called + truly, 1))
