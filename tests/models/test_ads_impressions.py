from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from shoplake.errors import SettingsError
from shoplake.models.ads.impressions import Showings, Tally, learn_responses
from shoplake.models.ads.settings import load_ads


def showings(rows: int = 6000) -> Showings:
    """People who click on what they clicked on before; category 1 is clicked more."""
    draw = np.random.default_rng(0)
    person, product = draw.integers(0, 60, rows), draw.integers(0, 20, rows)
    like = (person % 4 == product % 4) * 0.5 + 0.05
    clicked = draw.random(rows) < like
    table = {
        "person": person,
        "product": product,
        "category": product % 4,
        "day": np.sort(draw.integers(0, 30, rows)),
        "position": draw.integers(1, 11, rows).astype(float),
        "log_price": np.log1p(product.astype(float)),
        "clicked": clicked,
        "bought": clicked & (draw.random(rows) < 0.3),
    }
    return Showings(pd.DataFrame(table), (60, 20, 4))


def test_a_tally_knows_earlier_days_only() -> None:
    tally = Tally(
        np.array([1, 1, 2, 1]), np.array([0, 2, 1, 5]), np.array([[1.0], [10], [5], [100]])
    )
    found = tally.before(np.array([1, 1, 1, 1, 2, 3]), np.array([0, 1, 3, 99, 1, 4]))
    assert found[:, 0].tolist() == [0, 1, 11, 111, 0, 0]


def test_no_feature_knows_its_own_day() -> None:
    seen = showings()
    before = seen.examples(seen.rows)
    last = seen.rows["day"] == seen.rows["day"].max()
    changed = seen.rows.assign(clicked=seen.rows["clicked"] ^ last)
    after = Showings(changed, seen.sizes).examples(changed)
    np.testing.assert_array_equal(before.numbers, after.numbers)


def test_models_beat_the_mean_and_come_true() -> None:
    seen = showings()
    found = learn_responses(seen, load_ads())
    assert set(found) == {"clicked", "bought"}
    for outcome, response in found.items():
        assert response.log_loss[response.name] < 0.95 * response.log_loss["same for all"]
        said = response.probability(seen.examples(seen.rows))
        assert abs(said.mean() / seen.rows[outcome].mean() - 1) < 0.2


def test_settings_choose_which_models_compete() -> None:
    config = dataclasses.replace(load_ads(), models=("logistic",))
    found = learn_responses(showings(), config)
    assert set(found["clicked"].log_loss) == {"same for all", "logistic"}


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(SettingsError, match="unknown models \\['oracle'\\]"):
        dataclasses.replace(load_ads(), models=("oracle",))
