from __future__ import annotations

import numpy as np
import pytest

from shoplake.errors import ModelError
from shoplake.models.recommenders.boosted import BoostedConfig, rank_model

CONFIG = BoostedConfig(trees=30, leaves=4, least=5)


def test_the_ranker_puts_what_was_chosen_first_and_runs_alike_twice() -> None:
    draw = np.random.default_rng(0)
    features = draw.random((2000, 3)).astype(np.float32)
    groups = features[:, 1].reshape(200, 10)
    labels = (groups == groups.max(axis=1, keepdims=True)).astype(np.int64).ravel()
    sizes = np.full(200, 10)
    first, second = (rank_model(features, labels, sizes, CONFIG, 1) for _ in range(2))
    scores = first.predict(features)
    assert (scores == second.predict(features)).all()
    assert (scores.reshape(200, 10).argmax(axis=1) == groups.argmax(axis=1)).mean() > 0.8


def test_too_few_groups_are_an_error() -> None:
    with pytest.raises(ModelError, match="too few"):
        rank_model(np.zeros((2, 1), np.float32), np.array([0, 1]), np.array([2]), CONFIG, 1)
