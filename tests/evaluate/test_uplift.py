"""The effect of sending: a made-up grocer who sends coupons to those who spend most anyway."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array

from shoplake.evaluate.uplift import Uplift, effect_of_sending

HOUSEHOLDS, DAYS = 1500, 200
START, LENGTH = 150, 20


def grocer(effect: float, growing: float = 0.0) -> SimpleNamespace:
    """One campaign on product 0, sent to big spenders; `growing`: they spend more each window."""
    draw = np.random.default_rng(4)
    habit = draw.gamma(2.0, 2.0, HOUSEHOLDS)
    sent = np.flatnonzero(draw.random(HOUSEHOLDS) < 1 / (1 + np.exp(3 - habit * 0.6)))
    is_sent = np.isin(np.arange(HOUSEHOLDS), sent)
    first = np.datetime64("2026-01-01")
    who, what, when, money = [], [], [], []
    for window in range(-4, 1):
        day = START + window * LENGTH
        for product in (0, 1):
            spent = habit * draw.gamma(8.0, 1 / 8, HOUSEHOLDS)
            if product == 0:
                spent = spent + is_sent * (effect * (window == 0) + growing * (window + 4))
            who.append(np.arange(HOUSEHOLDS))
            what.append(np.full(HOUSEHOLDS, product))
            when.append(first + day + draw.integers(0, LENGTH, HOUSEHOLDS))
            money.append(spent)
    whole = np.array([first, first + DAYS])  # sales from the first day to the last
    return SimpleNamespace(
        ids=np.array(["c"]),
        start=np.array([first + START]),
        end=np.array([first + START + LENGTH - 1]),
        sent=[sent],
        offered=[np.array([0])],
        covers=csr_array(np.array([[1.0, 0.0]])),
        households=np.arange(HOUSEHOLDS),
        buyer=np.concatenate([*who, [0, 0]]),
        bought=np.concatenate([*what, [1, 1]]),
        bought_on=np.concatenate([*when, whole]),
        spent=np.concatenate([*money, [1.0, 1.0]]),
    )


def asked(effect: float, growing: float = 0.0) -> Uplift:
    found = effect_of_sending(grocer(effect, growing), seed=1)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize("effect", [0.0, 2.0])
def test_the_effect_is_found_where_a_plain_difference_says_who_was_chosen(effect: float) -> None:
    found = asked(effect)
    assert found.effect.low <= effect <= found.effect.high
    assert found.naive.low > effect + 1
    assert found.told
    assert "can be told" in str(found)


def test_where_those_who_were_sent_it_were_changing_anyway_the_placebo_says_so() -> None:
    found = asked(0.0, growing=2.0)
    assert found.effect.low > 0.5
    assert not found.told
    assert "cannot be told" in str(found)


def test_without_enough_days_before_nothing_is_asked() -> None:
    shop = grocer(1.0)
    shop.start = shop.start - 100
    shop.end = shop.end - 100
    assert effect_of_sending(shop, seed=1) is None  # type: ignore[arg-type]
