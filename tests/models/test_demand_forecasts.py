from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from demand_shop import CONFIG, shop, weeks

from shoplake.errors import SettingsError
from shoplake.models.demand.classic import CLASSIC
from shoplake.models.demand.combine import pinball
from shoplake.models.demand.fit import candidates
from shoplake.models.demand.forecast import Forecaster
from shoplake.models.demand.panel import DemandError
from shoplake.models.demand.settings import LEVELS, MEDIAN, load_demand

ALL = dataclasses.replace(CONFIG, models=load_demand().models)


@pytest.mark.parametrize("name", list(CLASSIC))
def test_quantiles_ascend_and_are_of_goods(name: str) -> None:
    panel = shop()
    more_returned_than_sold = panel.sold - 5
    made = CLASSIC[name](dataclasses.replace(panel, sold=more_returned_than_sold), 60, 6)
    assert made.shape == (40, 6, len(LEVELS))
    assert (np.diff(made, axis=2) >= -1e-4).all()
    assert (made >= 0).all()


def test_seasonal_naive_repeats_the_weekday() -> None:
    panel = shop()
    sold = np.tile(np.arange(1, 7, dtype=np.float32), 14)[None].repeat(40, axis=0)
    panel = dataclasses.replace(panel, sold=sold)
    made = CLASSIC["seasonal_naive"](panel, 60, 6)
    np.testing.assert_allclose(made[0, :, MEDIAN], sold[0, 60:66])


def test_no_forecast_peeks_past_its_origin() -> None:
    panel, origin = shop(), 60
    sold = panel.sold.copy()
    sold[:, origin:] = 999
    future = dataclasses.replace(panel, sold=sold)
    before, after = (candidates(p, origin, 6, ALL) for p in (panel, future))
    assert list(before) == [name for name in ALL.models if name != "season_boosting"]
    for name in before:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)
    calm, wild = (Forecaster(p, 6, CONFIG).forecast(origin) for p in (panel, future))
    np.testing.assert_array_equal(calm.quantiles, wild.quantiles)


def test_weeks_are_also_learnt_from_the_year_before_and_no_forecast_peeks() -> None:
    panel, origin = weeks(), 110
    sold = panel.sold.copy()
    sold[:, origin:] = 999
    before, after = (
        candidates(p, origin, 4, ALL) for p in (panel, dataclasses.replace(panel, sold=sold))
    )
    assert "season_boosting" in before
    for name in before:
        np.testing.assert_array_equal(before[name], after[name], err_msg=name)


def test_what_differs_from_last_year_is_learnt_where_last_year_says_most() -> None:
    """A peak that comes once a year: the plain model has seen it once, among calm weeks."""
    panel, origin = weeks(), 150
    made = candidates(panel, origin, 8, ALL)
    actual = panel.truth()[:, origin : origin + 8]
    loss = {name: float(pinball(made[name], actual).mean()) for name in made}
    assert loss["season_boosting"] < 0.9 * loss["gradient_boosting"]


def test_the_mixture_beats_seasonal_naive_and_covers() -> None:
    panel = shop(items=120)
    found = Forecaster(panel, 6, CONFIG).forecast(78)
    actual = panel.truth()[found.series, 78:84]
    loss = pinball(found.quantiles, actual).mean()
    assert loss < 0.9 * pinball(found.made["seasonal_naive"], actual).mean()
    low, high = found.quantiles[..., 2], found.quantiles[..., -3]
    assert ((low <= actual) & (actual <= high)).mean() > 0.87


def test_equal_seeds_give_equal_forecasts() -> None:
    first, second = (candidates(shop(), 60, 6, ALL) for _ in range(2))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


def test_too_short_a_past_says_how_much_is_needed() -> None:
    with pytest.raises(DemandError, match="give at least 24 days"):
        Forecaster(shop(days=20), 6, CONFIG).forecast(14)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(SettingsError, match="prophet"):
        dataclasses.replace(CONFIG, models=("prophet",))


def test_the_shipped_settings_are_valid() -> None:
    assert "gradient_boosting" in load_demand().models
