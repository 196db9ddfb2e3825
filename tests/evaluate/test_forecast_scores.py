from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from shoplake.evaluate.forecasts import Judged, forecast_scores
from shoplake.models.demand.settings import LEVELS


def judged(quantiles: np.ndarray, actual: np.ndarray, weight: np.ndarray | None = None) -> Judged:
    n, h = actual.shape
    return Judged(
        np.arange(n),
        quantiles.astype(np.float32),
        actual.astype(np.float32),
        np.ones(h) if weight is None else weight,
        np.full(n, 4.0),
        np.arange(1, n + 1, dtype=float),
    )


def test_measures_by_hand() -> None:
    quantiles = np.full((2, 2, len(LEVELS)), 10.0)
    actual = np.array([[10.0, 12.0], [10.0, 10.0]])
    found = forecast_scores([judged(quantiles, actual, np.array([1.0, 5.0]))], 2, weighted=True)
    mean = {name: float(value.mean()) for name, value in found.items()}
    assert mean["quantile_loss"] == pytest.approx(2 * 0.5 / 4)  # 2 too low at .05 to .95
    assert mean["wape"] == pytest.approx(2 / 42)
    assert mean["holiday_wmae"] == pytest.approx(5 * 2 / 12)
    assert mean["wrmsse"] == pytest.approx(1 / 3 * np.sqrt(2 / 4))
    assert mean["inside@80"] == pytest.approx(0.75)


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.6), (1.0, 6.0), (40.0, 60.0)])
def test_a_right_forecast_covers_what_it_says_for_rare_and_frequent_demand(
    low: float, high: float
) -> None:
    draw = np.random.default_rng(0)
    rate = draw.uniform(low, high, (300, 1))
    drawn = draw.poisson(rate, (300, 60)).astype(float)
    quantiles = np.repeat(poisson(rate).ppf(LEVELS)[:, None], 60, axis=1)
    found = forecast_scores([judged(quantiles, drawn)], 300, weighted=False)
    assert found["coverage@80"].mean() == pytest.approx(0.8, abs=0.02)
    assert found["coverage@90"].mean() == pytest.approx(0.9, abs=0.02)


def test_counting_ties_as_inside_flatters_rare_demand() -> None:
    drawn = np.random.default_rng(0).poisson(0.2, (300, 60)).astype(float)
    quantiles = np.tile(poisson(0.2).ppf(LEVELS), (300, 60, 1))
    found = forecast_scores([judged(quantiles, drawn)], 300, weighted=False)
    assert found["inside@80"].mean() > 0.95


def test_a_series_in_two_windows_counts_twice() -> None:
    good, bad = np.full((1, 1, len(LEVELS)), 5.0), np.full((1, 1, len(LEVELS)), 9.0)
    actual = np.array([[5.0]])
    found = forecast_scores([judged(good, actual), judged(bad, actual)], 1, weighted=False)
    assert found["quantile_loss"].mean() == pytest.approx(1.0)
