from __future__ import annotations

import numpy as np
import pytest

from shoplake.ingest.shop import load_shop_config
from shoplake.ingest.shop.choice import (
    best_list,
    click_probabilities,
    draw_clicks,
    examination,
    list_value,
    purchase_probability,
)

CHOICE = load_shop_config().choice


def test_clicks_are_drawn_with_the_probabilities_of_the_model() -> None:
    utilities, rng = np.array([0.0, 2.0, -1.0, 1.0]), np.random.default_rng(1)
    draws = 20_000
    firsts = np.bincount(
        [(draw_clicks(rng, utilities, CHOICE) or [4])[0] for _ in range(draws)], minlength=5
    )
    expected = click_probabilities(utilities, examination(4, CHOICE), CHOICE)
    assert firsts[:4] / draws == pytest.approx(expected, abs=0.012)
    assert firsts[4] / draws == pytest.approx(1 - expected.sum(), abs=0.012)


def test_the_ratio_of_two_items_does_not_depend_on_a_third() -> None:
    """Independence of irrelevant alternatives, the mark of the multinomial logit."""
    seen = np.ones(3)
    alone = click_probabilities(np.array([1.0, 2.0]), seen[:2], CHOICE)
    beside = click_probabilities(np.array([1.0, 2.0, 5.0]), seen, CHOICE)
    assert beside[1] / beside[0] == pytest.approx(alone[1] / alone[0])


def test_equal_items_are_clicked_less_the_lower_they_stand() -> None:
    clicks = click_probabilities(np.zeros(5), examination(5, CHOICE), CHOICE)
    assert (np.diff(clicks) < 0).all()
    assert clicks[3] / clicks[0] == pytest.approx(4**-CHOICE.position_bias)


def test_nothing_is_clicked_twice() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        clicks = draw_clicks(rng, np.array([5.0, 5.0]), CHOICE)
        assert len(clicks) == len(set(clicks)) <= 2


def test_the_value_of_a_list_is_what_its_showings_sell_on_average() -> None:
    utilities, rng = np.array([3.0, 2.0, 4.0, 1.0]), np.random.default_rng(4)
    bought = purchase_probability(utilities, CHOICE)
    showings = 20_000
    sold = sum(bought[draw_clicks(rng, utilities, CHOICE)].sum() for _ in range(showings))
    assert list_value(utilities, CHOICE) == pytest.approx(sold / showings, rel=0.02)


def test_the_list_by_utility_sells_more_than_random_ones() -> None:
    utilities = np.random.default_rng(3).normal(scale=1.5, size=100)
    best = list_value(utilities[best_list(utilities, 5)], CHOICE)
    others = [np.random.default_rng(s).choice(100, 5, replace=False) for s in range(200)]
    assert best > max(list_value(utilities[items], CHOICE) for items in others)


def test_purchase_is_logistic_in_utility() -> None:
    bought = purchase_probability(np.array([0.0, 1.0]), CHOICE)
    assert np.diff(np.log(bought / (1 - bought)))[0] == pytest.approx(CHOICE.purchase_slope)
