from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array

from shoplake.models.ads.audiences import lookalikes, person_vectors
from shoplake.models.ads.calibrate import calibrated_apart, fit_calibration
from shoplake.models.ads.examples import AdsError, Examples
from shoplake.models.ads.pacing import paced_bids
from shoplake.models.ads.responses import fit_response
from shoplake.models.ads.settings import AudienceConfig, load_ads

LOADED = load_ads()
CONFIG = dataclasses.replace(LOADED, cross=dataclasses.replace(LOADED.cross, steps=120))
N = 12_000


def world(seed: int = 0) -> tuple[Examples, np.ndarray, np.ndarray]:
    """Responses that need a number and a category together, about 4 in 100."""
    draw = np.random.default_rng(seed)
    number, kind = draw.normal(size=N), draw.integers(1, 4, N)
    truth = 1 / (1 + np.exp(4.2 - 1.5 * number * (kind == 2) - 0.7 * (kind == 3)))
    numbers = np.stack([number, np.full(N, np.nan)], axis=1).astype(np.float32)
    numbers[:50, 0] = np.nan
    examples = Examples(numbers, kind[:, None], (4,), ("number", "empty"), ("kind",))
    return examples, draw.random(N) < truth, truth


@pytest.mark.parametrize("name", ["logistic", "boosted_trees", "cross_network"])
def test_probabilities_are_of_the_right_size_and_order(name: str) -> None:
    examples, response, truth = world()
    said = fit_response(name, examples, response, CONFIG).probability(examples)
    assert said.mean() == pytest.approx(response.mean(), rel=0.25)
    best = said > np.quantile(said, 0.9)
    assert truth[best].mean() > 1.5 * truth.mean()


def test_negatives_left_out_are_weighed_back() -> None:
    examples, response, _ = world()
    few = dataclasses.replace(CONFIG, negatives=2)
    said = fit_response("logistic", examples, response, few).probability(examples)
    assert said.mean() == pytest.approx(response.mean(), rel=0.15)


def test_nobody_responded_is_said() -> None:
    examples, response, _ = world()
    with pytest.raises(AdsError, match="0 of 12,000"):
        fit_response("logistic", examples, np.zeros_like(response), CONFIG)


def test_what_a_calibration_says_of_others_does_not_flatter_it() -> None:
    """A score without meaning: isotonic regression finds one in the examples it was fitted on."""
    draw = np.random.default_rng(3)
    response, people = draw.random(600) < 0.1, np.arange(600) % 300
    noise = draw.random(600)
    own = isotonic(noise, response)
    rate = loss(np.full(600, response.mean()), response)
    assert loss(own, response) < rate - 0.003
    assert loss(calibrated_apart(noise, response, people), response) > rate - 0.001


def isotonic(score: np.ndarray, response: np.ndarray) -> np.ndarray:
    from sklearn.isotonic import IsotonicRegression

    made = IsotonicRegression(out_of_bounds="clip").fit(score, response)
    return np.clip(made.predict(score), 1e-6, 1 - 1e-6)


def loss(said: np.ndarray, response: np.ndarray) -> float:
    return float(-np.where(response, np.log(said), np.log1p(-said)).mean())


def test_calibration_mends_probabilities_three_times_too_large() -> None:
    _, response, truth = world()
    curve = fit_calibration(np.clip(truth * 3, 0, 1), response, np.arange(N) % 500)
    assert curve.apply(np.clip(truth * 3, 0, 1)).mean() == pytest.approx(response.mean(), rel=0.05)


def test_bids_keep_to_the_budget_and_never_pass_their_worth() -> None:
    draw = np.random.default_rng(0)
    click, value = draw.uniform(0.01, 0.2, 500), draw.uniform(0, 0.5, 500)
    tight = paced_bids(click, value, budget=10, limit=2)
    rich = paced_bids(click, value, budget=1e9, limit=2)
    assert 9 < (click * tight).sum() <= 10
    assert (rich <= np.minimum(value / click, 2) + 1e-9).all()
    assert (tight <= rich).all()


def audience_world() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Two tastes of 60 people each; only the first ten of one taste are the seed."""
    draw = np.random.default_rng(0)
    counts = np.zeros((121, 20))
    counts[:60, :10] = draw.poisson(1.0, (60, 10))
    counts[60:120, 10:] = draw.poisson(1.0, (60, 10))
    counts[:120, 0] += counts[:120].sum(axis=1) == 0
    return person_vectors(csr_array(counts), 8, 0), {"mugs": np.arange(10), "none": np.array([120])}


def test_lookalikes_share_the_seeds_taste_and_the_inactive_are_in_none() -> None:
    vectors, seeds = audience_world()
    (found,) = lookalikes(vectors, seeds, AudienceConfig(8, 60, 0.4, 30, 10))
    assert found.name == "mugs"
    assert len(found.people) == 48
    assert (found.people < 60).mean() > 0.95
    assert found.is_seed.sum() >= 8


def test_a_small_audience_is_not_made() -> None:
    vectors, seeds = audience_world()
    assert not list(lookalikes(vectors, seeds, AudienceConfig(8, 60, 0.4, 130, 10)))


def test_an_audience_like_a_few_people_is_not_made_since_it_would_say_what_they_buy() -> None:
    vectors, seeds = audience_world()
    assert not list(lookalikes(vectors, seeds, AudienceConfig(8, 60, 0.4, 30, 11)))
