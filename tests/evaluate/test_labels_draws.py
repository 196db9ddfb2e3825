"""Intervals of what few labels are worth: queries and seeds are drawn, pairs and models with them."""

from __future__ import annotations

import numpy as np
import pytest

from shoplake.evaluate.tasks.labels import _SEEDS, _Draws

QUERY = np.repeat(np.arange(30), [1, 3, 2] * 10)
RANDOM = np.random.default_rng(1)


def test_the_first_is_of_all_queries_and_seeds() -> None:
    squares = [RANDOM.random(len(QUERY)) for _ in range(_SEEDS)]
    found = _Draws(QUERY, 0).errors(squares)
    assert found[0] == pytest.approx(np.mean([np.sqrt(s.mean()) for s in squares]))


def test_what_is_compared_is_drawn_alike() -> None:
    squares = [RANDOM.random(len(QUERY)) for _ in range(_SEEDS)]
    draws = _Draws(QUERY, 0)
    twice = draws.errors([4 * s for s in squares])
    np.testing.assert_allclose(twice, 2 * draws.errors(squares))


def test_pairs_of_one_query_are_drawn_together() -> None:
    """One bad query makes the interval as wide as one in thirty, however many pairs it has."""
    squares = [np.where(QUERY == 1, 1.0, 0.0)] * _SEEDS
    found = _Draws(QUERY, 0).errors(squares)[1:]
    assert np.isclose(found, 0).mean() == pytest.approx((1 - 1 / 30) ** 30, abs=0.05)
