from __future__ import annotations

import numpy as np
import pytest

from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.offpolicy import Log, effective_rounds, estimate

RATES = np.array([0.1, 0.3, 0.6])
LOGGING = np.array([0.6, 0.3, 0.1])
NEW = np.array([[0.1, 0.2, 0.7]])
TRUTH = float(NEW[0] @ RATES)


def log(rounds: int, seed: int = 0) -> Log:
    draw = np.random.default_rng(seed)
    action = draw.choice(3, rounds, p=LOGGING)
    clicked = (draw.random(rounds) < RATES[action]).astype(float)
    return Log(action, np.zeros(rounds, np.int64), clicked, LOGGING[action])


def test_every_estimator_finds_the_new_policy_where_the_log_says_otherwise() -> None:
    seen = log(20_000)
    found = estimate(seen, NEW, np.tile(RATES, (20_000, 1)), seed=0, resamples=200)
    assert abs(seen.reward.mean() - TRUTH) > 0.2
    for name, value in found.items():
        assert value.value == pytest.approx(TRUTH, abs=0.02), name


def test_a_wrong_model_misleads_the_direct_method_and_not_the_doubly_robust() -> None:
    wrong = np.tile([0.9, 0.9, 0.0], (20_000, 1))
    found = estimate(log(20_000), NEW, wrong, seed=0, resamples=50)
    assert abs(found["DM"].value - TRUTH) > 0.15
    assert found["DR"].value == pytest.approx(TRUTH, abs=0.02)


def test_intervals_cover_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(60):
        value = estimate(log(400, seed), NEW, seed=seed, resamples=200)["IPS"]
        covered += value.low <= TRUTH <= value.high
    assert 50 <= covered <= 60


def test_the_logging_policy_itself_has_all_rounds() -> None:
    seen = log(500)
    assert effective_rounds(seen, LOGGING[None]) == pytest.approx(500)
    assert effective_rounds(seen, NEW) < 250


def test_a_propensity_of_zero_is_refused() -> None:
    with pytest.raises(EvaluationError, match="propensities"):
        Log(np.array([0]), np.array([0]), np.array([1.0]), np.array([0.0]))


def test_a_policy_must_be_a_distribution() -> None:
    with pytest.raises(EvaluationError, match="sum to 1"):
        estimate(log(10), np.array([[0.5, 0.2, 0.2]]), seed=0)
