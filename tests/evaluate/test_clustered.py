from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss, roc_auc_score

from shoplake.evaluate.clustered import Scored, clustered_figures

DRAW = np.random.default_rng(0)
SAID = np.round(DRAW.random(2000), 2)  # with ties
SEEN = DRAW.random(2000) < SAID
WHO = np.repeat(np.arange(40), 50)


def test_measures_are_those_of_scikit_learn() -> None:
    found = Scored(SEEN, SAID).measures()
    assert found["auc"] == pytest.approx(roc_auc_score(SEEN, SAID))
    assert found["log_loss"] == pytest.approx(log_loss(SEEN, np.clip(SAID, 1e-12, 1)), rel=1e-6)


def test_a_weight_of_two_is_the_group_twice() -> None:
    weight = np.ones(40)
    weight[3] = 2
    twice = np.concatenate([np.arange(2000), np.flatnonzero(WHO == 3)])
    weighed = Scored(SEEN, SAID).measures(weight[WHO])
    copied = Scored(SEEN[twice], SAID[twice]).measures()
    for name in ("auc", "log_loss", "lift@decile", "said/observed"):
        assert weighed[name] == pytest.approx(copied[name]), name


def test_a_constant_has_no_lift_and_no_auc() -> None:
    found = Scored(SEEN, np.full(2000, 0.5)).measures()
    assert found["auc"] == pytest.approx(0.5)
    assert found["lift@decile"] == pytest.approx(1)


def test_equal_probabilities_that_come_true_are_calibrated_in_any_order() -> None:
    sorted_by_outcome = np.sort(SEEN)[::-1]
    found = Scored(sorted_by_outcome, np.full(2000, SEEN.mean())).measures()
    assert found["ece"] == pytest.approx(0, abs=1e-9)


def test_lift_of_a_perfect_order_is_ten_over_ten_percent() -> None:
    seen = np.arange(100) < 10
    assert Scored(seen, 1 - np.arange(100) / 100).measures()["lift@decile"] == 10


def test_saying_twice_what_happens_shows() -> None:
    said = np.full(2000, SEEN.mean())
    found = Scored(SEEN, said * 1.5).measures()
    assert found["said/observed"] == pytest.approx(1.5)
    assert found["ece"] > 0.2


def test_a_lead_is_against_the_best_baseline() -> None:
    worse = np.clip(SAID + DRAW.normal(0, 0.5, 2000), 0.01, 0.99)
    models = {"flat": np.full(2000, 0.5), "worse": worse, "model": np.clip(SAID, 0.01, 0.99)}
    figures = clustered_figures(SEEN, models, WHO, ["flat", "worse"], seed=0, resamples=50)
    lead = figures["model"]["auc"].lead
    assert lead is not None
    gap = figures["model"]["auc"].value - figures["worse"]["auc"].value
    assert lead[0] == pytest.approx(gap)
    assert lead[1] > 0
    assert figures["worse"]["auc"].lead is None
