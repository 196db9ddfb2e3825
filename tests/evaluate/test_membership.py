"""Attacks on membership see what a model remembers, and nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shoplake.evaluate.membership import attacked, auc, likelihood_ratio
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.tasks import membership
from shoplake.models.recommenders.interactions import Interactions
from shoplake.models.recommenders.private import Private, PrivateConfig

PEOPLE = Interactions.of(np.random.default_rng(0).integers(0, 60, (200, 4)).tolist(), catalogue=60)


def fit(config: PrivateConfig):
    return lambda rows, seed: Private(config).fit(rows)


def test_a_model_that_learned_by_heart_is_found_out() -> None:
    by_heart = PrivateConfig(noise=0.0, steps=200, sampled=1.0, learning_rate=20.0)
    model, inside, found = attacked(PEOPLE, fit(by_heart), seed=1, shadows=4)
    assert inside.sum() == 100
    assert model.epsilon == np.inf
    assert all(figure.low > 0.6 for figure in found.values())


def test_a_model_that_learned_nothing_gives_nothing_away() -> None:
    nothing = PrivateConfig(noise=0.0, steps=1, learning_rate=0.0)
    _, _, found = attacked(PEOPLE, fit(nothing), seed=1, shadows=4)
    assert all(figure.low < 0.5 < figure.high for figure in found.values())


def test_auc_counts_ties_half() -> None:
    assert auc(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False])) == 0.875


def test_ratio_compares_with_the_persons_own_shadows() -> None:
    inside = np.array([[True, True], [True, True], [False, False], [False, False]])
    known = np.array([[2.0, 9.0], [2.2, 9.2], [1.0, 8.0], [1.2, 8.2]])
    ratio = likelihood_ratio(np.array([2.1, 8.1]), known, inside)
    assert ratio[0] > 0 > ratio[1]


def test_a_training_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="takes no --train"):
        membership.run(tmp_path, tmp_path / "nonexistent", seed=0)
