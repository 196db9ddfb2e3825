"""A recommender with differential privacy: what it learns, and what it spends."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shoplake.errors import SettingsError
from shoplake.models.recommenders.accountant import epsilon
from shoplake.models.recommenders.interactions import Interactions
from shoplake.models.recommenders.private import Private, PrivateConfig, _gradients, mean_rows

ROWS = Interactions.of([[0, 1, 1], [2], [3, 0]], catalogue=4)


def params() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=4)]


def test_gradient_is_that_of_the_loss() -> None:
    given = params()

    def loss(values: list[np.ndarray]) -> float:
        model = Private(PrivateConfig())
        model.inside, model.outside, model.bias = values
        return float(model.loss(ROWS).sum())

    found = _gradients(mean_rows(ROWS), given, None)
    for at, place in ((0, (1, 2)), (1, (3, 0)), (2, (2,))):
        ends = []
        for step in (1e-3, -1e-3):
            moved = [p.copy() for p in given]
            moved[at][place] += step
            ends.append(loss(moved))
        # Scores are float32, hence the wide step and tolerance.
        assert found[at][place] == pytest.approx((ends[0] - ends[1]) / 2e-3, abs=5e-3)


def test_no_person_moves_the_model_by_more_than_the_clip() -> None:
    given, clip = params(), 0.05
    for row in range(3):
        parts = _gradients(mean_rows(ROWS.block(row, row + 1)), given, clip)
        assert math.sqrt(sum((p**2).sum() for p in parts)) == pytest.approx(clip)


def test_clipped_gradients_of_people_add_up() -> None:
    given = params()
    one = [_gradients(mean_rows(ROWS.block(r, r + 1)), given, 0.05) for r in range(3)]
    for at, whole in enumerate(_gradients(mean_rows(ROWS), given, 0.05)):
        np.testing.assert_allclose(whole, sum(parts[at] for parts in one))


def test_known_epsilon_of_dp_sgd() -> None:
    # Abadi et al. 2016, section 3: q = .01, sigma = 4, 10,000 steps, delta 1e-5 give 1.26.
    assert epsilon(0.01, 4.0, 10_000, 1e-5) == pytest.approx(1.26, abs=0.3)
    assert epsilon(0.01, 4.0, 10_000, 1e-5) < 1.26


def test_more_noise_costs_less_and_none_has_no_bound() -> None:
    spent = [epsilon(0.05, noise, 100, 1e-5) for noise in (0.0, 0.8, 1.0, 2.0)]
    assert spent[0] == math.inf
    assert spent == sorted(spent, reverse=True)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_it_learns_which_items_go_together(noise: float) -> None:
    seen = Interactions.of([[0, 1, 2]] * 400 + [[3, 4, 5]] * 400, catalogue=6)
    config = PrivateConfig(dimension=4, noise=noise, sampled=0.5, learning_rate=1.0)
    scores = Private(config).fit(seen).scores(Interactions.of([[0, 1], [3, 4]], catalogue=6))
    assert scores[0, 2] > scores[0, 5]
    assert scores[1, 5] > scores[1, 2]


def test_nobody_can_make_the_noise_again_from_the_settings() -> None:
    first, second = (Private(PrivateConfig(steps=2)).fit(ROWS) for _ in range(2))
    assert not np.array_equal(first.outside, second.outside)
    assert set(vars(first)) == {"config", "delta", "inside", "outside", "bias", "epsilon"}


def test_without_noise_or_with_given_draws_training_can_be_repeated() -> None:
    plain = [Private(PrivateConfig(steps=2, noise=0.0)).fit(ROWS) for _ in range(2)]
    given = [Private(PrivateConfig(steps=2)).fit(ROWS, np.random.default_rng(3)) for _ in range(2)]
    for first, second in (plain, given):
        np.testing.assert_array_equal(first.outside, second.outside)


@pytest.mark.parametrize("wrong", [{"sampled": 5.0}, {"delta": 0.0}, {"noise": -1.0}])
def test_settings_that_guarantee_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        PrivateConfig(**wrong)  # type: ignore[arg-type]


def test_the_chance_of_failure_stays_below_one_of_twice_the_people() -> None:
    many = Interactions.of([[i % 4] for i in range(60_000)], catalogue=4)
    few = Private(PrivateConfig(steps=1)).fit(ROWS)
    assert (few.delta, few.spent()["shoplake.delta"]) == (1e-5, "1e-05")
    assert Private(PrivateConfig(steps=1, sampled=1e-4)).fit(many).delta == 1 / 120_000
