"""Neutral ties equal the mean over every order of the tied items."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoplake.evaluate.metrics import EvaluationError, ranking_metrics
from shoplake.evaluate.protocol import incidence


def in_order(order: tuple[int, ...], scores: np.ndarray, true: set[int], k: int) -> list[float]:
    """Textbook metrics of one strict order: sort by score, ties as `order` has them."""
    ranked = sorted(order, key=lambda item: -scores[item])
    hits = [item in true and np.isfinite(scores[item]) for item in ranked[:k]]
    dcg = sum(hit / np.log2(at + 2) for at, hit in enumerate(hits))
    ideal = sum(1 / np.log2(at + 2) for at in range(min(k, len(true))))
    first = next((1 / (at + 1) for at, hit in enumerate(hits) if hit), 0.0)
    return [sum(hits) / len(true), dcg / ideal, first]


@settings(max_examples=40, deadline=None)
@given(
    scores=st.lists(st.sampled_from([-np.inf, 0.0, 1.0, 2.0]), min_size=1, max_size=6),
    true=st.sets(st.integers(0, 5), min_size=1),
    k=st.integers(1, 8),
)
def test_ties_are_neutral(scores: list[float], true: set[int], k: int) -> None:
    true = {item for item in true if item < len(scores)} or {0}
    values = np.array(scores, dtype=np.float32)
    orders = permutations(range(len(scores)))
    expected = np.mean([in_order(order, values, true, k) for order in orders], axis=0)
    truth = np.zeros((1, len(scores)))
    truth[0, sorted(true)] = 1
    found = ranking_metrics(values[None], matrix(truth), k)
    assert [found[name][0] for name in ("recall", "ndcg", "mrr")] == pytest.approx(expected)


def test_people_are_scored_independently_of_their_neighbours() -> None:
    random = np.random.default_rng(0)
    scores = random.integers(0, 4, (30, 20)).astype(np.float32)
    truth = random.random((30, 20)) < 0.2
    together = ranking_metrics(scores, matrix(truth), 5)
    for at in range(30):
        alone = ranking_metrics(scores[at : at + 1], matrix(truth[at : at + 1]), 5)
        for name, values in alone.items():
            np.testing.assert_allclose(together[name][at], values[0], equal_nan=True)


def test_a_constant_model_scores_what_chance_does() -> None:
    truth = incidence([[7]], 101)
    assert ranking_metrics(np.ones((1, 101), np.float32), truth, 10)["recall"][0] == pytest.approx(
        10 / 101
    )


def test_nobody_without_a_true_item_counts() -> None:
    found = ranking_metrics(np.ones((1, 4), np.float32), incidence([[]], 4), 2)
    assert all(np.isnan(values[0]) for values in found.values())


def test_a_true_item_that_is_no_candidate_is_missed_even_with_room_left() -> None:
    scores = np.array([[-np.inf, 1.0, -np.inf]], dtype=np.float32)
    found = ranking_metrics(scores, incidence([[1, 2]], 3), 10)
    assert found["recall"][0] == 0.5


def test_nan_scores_are_refused() -> None:
    with pytest.raises(EvaluationError, match="NaN"):
        ranking_metrics(np.full((1, 3), np.nan, np.float32), incidence([[1]], 3), 2)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(EvaluationError, match="one column an item_index"):
        ranking_metrics(np.ones((1, 3), np.float32), incidence([[1]], 4), 2)


def matrix(truth: np.ndarray) -> object:
    return incidence([np.flatnonzero(row) + 1 for row in truth], truth.shape[1] + 1)[:, 1:]
