from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from shoplake.evaluate.metrics import EvaluationError, ranking_metrics
from shoplake.evaluate.one_truth import one_truth_metrics


@pytest.mark.parametrize("seed", range(5))
def test_it_agrees_with_the_general_metrics_ties_and_non_candidates_included(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores = draw.integers(0, 6, (40, 30)).astype(np.float32)
    scores[draw.random(scores.shape) < 0.2] = -np.inf
    truth = draw.integers(0, 30, 40)
    sparse = csr_array((np.ones(40), (np.arange(40), truth)), scores.shape)
    expected = ranking_metrics(scores, sparse, 5)
    found = one_truth_metrics(scores, truth, 5)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-12)


def test_a_constant_model_gets_what_chance_gets() -> None:
    found = one_truth_metrics(np.zeros((3, 50), dtype=np.float32), np.array([0, 7, 49]), 10)
    np.testing.assert_allclose(found["recall"], 0.2)


def test_nan_is_refused() -> None:
    scores = np.zeros((1, 3), dtype=np.float32)
    scores[0, 2] = np.nan
    with pytest.raises(EvaluationError, match="NaN"):
        one_truth_metrics(scores, np.array([0]), 2)
