from __future__ import annotations

import numpy as np
import pytest

from shoplake.evaluate.intervals import bootstrap_mean, paired_difference
from shoplake.evaluate.metrics import EvaluationError


def test_same_seed_same_interval() -> None:
    values = np.random.default_rng(1).random(50)
    assert bootstrap_mean(values, seed=7) == bootstrap_mean(values, seed=7)
    assert bootstrap_mean(values, seed=7) != bootstrap_mean(values, seed=8)


def test_close_to_the_normal_interval_for_many_people() -> None:
    values = np.random.default_rng(2).normal(3, 2, 2_000)
    interval = bootstrap_mean(values, seed=0)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.02)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.02)


def test_pairing_shows_a_small_steady_lead() -> None:
    random = np.random.default_rng(3)
    hardness = random.random(100)
    ahead = hardness + 0.02 + random.normal(0, 0.01, 100)
    assert paired_difference(ahead, hardness, seed=0).low > 0
    assert bootstrap_mean(ahead, seed=0).low < hardness.mean()


@pytest.mark.parametrize("values", [[], [1.0, np.nan]])
def test_nothing_to_average_is_refused(values: list[float]) -> None:
    with pytest.raises(EvaluationError, match="at least one person"):
        bootstrap_mean(np.array(values), seed=0)


def test_different_people_cannot_be_paired() -> None:
    with pytest.raises(EvaluationError, match="cannot pair 3 values with 2"):
        paired_difference(np.ones(3), np.ones(2), seed=0)
