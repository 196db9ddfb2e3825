"""Forecasts of each series by itself: seasonal naive, smoothing, intermittent methods.

Each takes the net demand known at the origin and returns quantiles [S, h, L] at `LEVELS`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom, poisson

from shoplake.models.demand.panel import Floats, Ints, Panel
from shoplake.models.demand.settings import LEVELS

_LEAST_RESIDUALS = 8


def seasonal_naive(panel: Panel, origin: int, horizon: int) -> Floats:
    """The value of the same place in the last season, with its own past errors' quantiles."""
    known = started(panel, origin)
    before = last_same(panel.cycle, origin + horizon, limit=origin)
    point = np.nan_to_num(known[:, before[origin:]])
    past = last_same(panel.cycle, origin)
    usable = np.flatnonzero(past >= 0)
    errors = known[:, usable] - known[:, past[usable]]
    return residual_quantiles(point, errors)


def recent_quantiles(panel: Panel, origin: int, horizon: int) -> Floats:
    """Quantiles of what was sold lately: 8 weeks of days, or 13 weeks."""
    known = started(panel, origin)[:, -(48 if panel.unit == "day" else 13) :]
    return np.repeat(np.maximum(_nan_quantiles(known), 0)[:, None], horizon, axis=1)


def exponential_smoothing(panel: Panel, origin: int, horizon: int) -> Floats:
    """Simple exponential smoothing, its weight optimised a series, with its errors' quantiles."""
    from statsforecast.models import SimpleExponentialSmoothingOptimized

    return _with_errors(SimpleExponentialSmoothingOptimized(), panel, origin, horizon)


def seasonal_smoothing(panel: Panel, origin: int, horizon: int) -> Floats:
    """Exponential smoothing of each place in the season by itself.

    Days are smoothed a weekday. Weeks of a year have too few values for that: the last season is
    scaled by how the level of the last 8 weeks compares with the same weeks a season before.
    """
    known = started(panel, origin)
    before = last_same(panel.cycle, origin + horizon, limit=origin)
    past = last_same(panel.cycle, origin)
    if panel.unit == "week":
        return _scaled_season(known, before[origin:], past)
    fitted = np.full_like(known, np.nan)
    level = np.full((len(known), int(panel.cycle.max()) + 1), np.nan, np.float32)
    for t in range(origin):
        place = panel.cycle[t]
        fitted[:, t] = level[:, place]
        fresh = np.isnan(level[:, place])
        moved = level[:, place] + 0.15 * (known[:, t] - level[:, place])
        level[:, place] = np.where(fresh, known[:, t], moved)
    point = np.nan_to_num(level[:, panel.cycle[origin : origin + horizon]])
    return residual_quantiles(point, known - fitted)


def croston_sba(panel: Panel, origin: int, horizon: int) -> Floats:
    """Croston's method with the correction of Syntetos and Boylan (2005), for lumpy demand."""
    from statsforecast.models import CrostonSBA

    return _as_counts(CrostonSBA(), panel, origin, horizon)


def tsb(panel: Panel, origin: int, horizon: int) -> Floats:
    """Teunter, Syntetos and Babai (2011): the chance of a sale decays, so that items can end."""
    from statsforecast.models import TSB

    return _as_counts(TSB(alpha_d=0.1, alpha_p=0.1), panel, origin, horizon)


CLASSIC: dict[str, Callable[[Panel, int, int], Floats]] = {
    f.__name__: f
    for f in (
        seasonal_naive,
        recent_quantiles,
        exponential_smoothing,
        seasonal_smoothing,
        croston_sba,
        tsb,
    )
}


#: Only of demand in whole units.
INTERMITTENT = ("croston_sba", "tsb")


def started(panel: Panel, origin: int) -> Floats:
    """Net demand known at the origin [S, origin], NaN before a series' first sale."""
    known = panel.history(origin)
    known[np.arange(origin)[None] < panel.first[:, None]] = np.nan
    return known


def last_same(cycle: Ints, periods: int, *, limit: int | None = None) -> Ints:
    """For each of `periods` the last earlier one (before `limit`) at its place of the season.

    Where there is none: the last period before it, or -1 for the very first.
    """
    newest: dict[int, int] = {}
    found = np.full(periods, -1, np.int64)
    for t in range(periods):
        end = t if limit is None else min(t, limit)
        found[t] = newest.get(int(cycle[t]), end - 1)
        if limit is None or t < limit:
            newest[int(cycle[t])] = t
    return found


def residual_quantiles(point: Floats, errors: Floats) -> Floats:
    """Point forecasts [S, h] plus quantiles of each series' past errors [S, n], not below 0.

    Series with fewer than 8 past errors take everybody's, in units of their own point forecast.
    """
    shift = _nan_quantiles(errors)
    few = (~np.isnan(errors)).sum(axis=1) < _LEAST_RESIDUALS
    usual = point.mean(axis=1)
    size = np.maximum(usual, max(0.1 * float(usual.mean()), 1e-6))[:, None]
    if few.any() and not few.all():
        scaled = errors[~few] / size[~few]
        shift[few] = np.nanquantile(scaled, LEVELS).astype(np.float32) * size[few]
    return np.maximum(point[:, :, None] + shift[:, None], 0)


def _nan_quantiles(values: Floats) -> Floats:
    """Quantiles of each row [S, L] at LEVELS, leaving out NaN; 0 for a row without values.

    numpy's nanquantile sorts row by row in Python, which takes minutes on thousands of items.
    """
    ordered = np.sort(values, axis=1)
    count = (~np.isnan(values)).sum(axis=1)
    at = LEVELS[None] * np.maximum(count - 1, 0)[:, None]
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0)[:, None])
    rows = np.arange(len(values))[:, None]
    found = ordered[rows, low] + (at - low) * (ordered[rows, high] - ordered[rows, low])
    return np.nan_to_num(found).astype(np.float32)


def _with_errors(model: Any, panel: Panel, origin: int, horizon: int) -> Floats:
    known = started(panel, origin)
    point = np.zeros((len(known), horizon), np.float32)
    errors = np.full_like(known, np.nan)
    for i, row in enumerate(known):
        series = row[min(panel.first[i], origin - 1) :].astype(np.float64)
        series = np.nan_to_num(series)
        made = model.forecast(series, horizon, fitted=True)
        point[i] = made["mean"]
        errors[i, origin - len(series) :] = series - made["fitted"]
    return residual_quantiles(np.nan_to_num(point), errors)


def _as_counts(model: Any, panel: Panel, origin: int, horizon: int) -> Floats:
    """A mean a series, spread as a negative binomial with the series' own dispersion."""
    known = started(panel, origin)
    mean = np.zeros(len(known))
    for i, row in enumerate(known):
        series = np.nan_to_num(row[min(panel.first[i], origin - 1) :].astype(np.float64))
        series = np.maximum(series, 0)
        if series.any():
            mean[i] = model.forecast(series, 1)["mean"][0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        level, spread = np.nanmean(known, axis=1), np.nanvar(known, axis=1)
    ratio = np.nan_to_num(spread / np.maximum(level, 1e-9), nan=1.0)
    return np.repeat(count_quantiles(np.nan_to_num(mean), ratio)[:, None], horizon, axis=1)


def count_quantiles(mean: NDArray[np.float64], ratio: NDArray[np.float64]) -> Floats:
    """Quantiles [S, L] of a negative binomial with this mean and variance / mean ratio.

    A ratio of 1 or less is a Poisson distribution.
    """
    mean = np.maximum(mean, 1e-9)[:, None]
    over = np.clip(ratio, 1.01, 1e4)[:, None]
    size = mean / (over - 1)
    wide = nbinom.ppf(LEVELS, size, 1 / over)
    return np.where(ratio[:, None] <= 1.01, poisson.ppf(LEVELS, mean), wide).astype(np.float32)


def _scaled_season(known: Floats, before: Ints, past: Ints) -> Floats:
    """Last season's values times the growth of the last 8 periods over their last season's."""
    origin = known.shape[1]

    def growth(end: int) -> Floats:
        now = np.arange(max(end - 8, 0), end)
        then = past[now]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            rate = np.nansum(known[:, now], axis=1) / np.nansum(known[:, then], axis=1)
        return np.clip(np.nan_to_num(rate, nan=1.0, posinf=1.0, neginf=1.0), 0.5, 2)

    def base(column: Ints) -> Floats:
        values = known[:, column]
        recent = np.nan_to_num(known[:, -8:]).mean(axis=1)[:, None]
        return np.where(np.isnan(values), recent, values)

    point = base(before) * growth(origin)[:, None]
    usable = [t for t in range(max(origin - 60, 8), origin) if past[t] >= 8]
    errors = [known[:, t] - known[:, past[t]] * growth(t) for t in usable]
    empty = np.full((len(known), 1), np.nan, np.float32)
    return residual_quantiles(point, np.stack(errors, axis=1) if errors else empty)
