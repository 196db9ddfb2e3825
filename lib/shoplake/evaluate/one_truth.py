"""Metrics where each history has one true next item, over the full catalogue, ties neutral.

What `metrics.ranking_metrics` says for one true item a row, at two passes over the scores instead
of a partition: that is what makes 60,000 histories x 43,000 items a matter of seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.metrics import EvaluationError, Values


def one_truth_metrics(
    scores: NDArray[np.float32], truth: NDArray[np.int64], k: int
) -> dict[str, Values]:
    """Recall@k (hit rate; some papers say P@k), nDCG@k and MRR@k of each row.

    With g items above the true one and e equal to it (itself included), its rank is uniform on
    g+1..g+e, and each metric is its expectation over these.

    Args:
        scores: [B, C]; -inf is no candidate: a true item that is none is missed.
        truth: [B] item index.

    Raises:
        EvaluationError: a score is NaN.
    """
    own = scores[np.arange(len(scores)), truth]
    above = (scores > own[:, None]).sum(axis=1)
    equal = np.maximum((scores == own[:, None]).sum(axis=1), 1)
    if np.isnan(scores.sum(dtype=np.float64)) and np.isnan(scores).any():
        raise EvaluationError("scores hold NaN", remedy="check the model and its inputs")
    missed = np.isneginf(own)
    start, end = np.minimum(above, k), np.minimum(above + equal, k)
    end = np.where(missed, start, end)
    ranks = np.arange(1, k + 1)
    gains = {"recall": np.ones(k), "ndcg": 1 / np.log2(ranks + 1), "mrr": 1 / ranks}
    found = {}
    for name, gain in gains.items():
        total = np.concatenate([[0.0], np.cumsum(gain)])
        found[name] = (total[end] - total[start]) / equal
    return found
