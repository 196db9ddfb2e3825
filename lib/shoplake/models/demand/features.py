"""What a global model knows of an item at an origin and of the period it is to forecast."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.models.demand.classic import last_same, started
from shoplake.models.demand.panel import Floats, Ints, Panel
from shoplake.models.demand.settings import DemandConfig
from shoplake.models.demand.similar import similar_level

#: Windows in periods: short, middle, long.
_WINDOWS = {"day": (6, 18, 48), "week": (4, 8, 26)}
_FLOOR = 0.02
_MOST_SEASON = 5.0


@dataclass(frozen=True)
class Inputs:
    """Features of every series and step ahead.

    Attributes:
        x: [S, h, F] the codes of each group, then numbers; NaN where nothing is known. Volumes are
            in units of `level`.
        level: [S] the item's usual demand a period, above 0; a new item's comes from similar ones.
        season: [S, h] what the season before says, in units of `level`; 1 where it says nothing.
    """

    x: Floats
    level: Floats
    season: Floats


def build_inputs(panel: Panel, origin: int, horizon: int, config: DemandConfig) -> Inputs:
    """Features from what was known at the origin, and from the calendar ahead.

    The level of an item with n periods is (n own + p similar) / (n + p), p = `prior_periods`.
    """
    known = started(panel, origin)
    short, middle, long = _WINDOWS[panel.unit]
    level = _level(panel, known, long if panel.unit == "day" else middle, config)
    unit = level[:, None]
    own = [_mean(known[:, -w:]) / level for w in (short, middle, long)]
    age = np.clip(origin - panel.first, 0, None)
    recent = np.nan_to_num(known[:, -long:])
    sold = recent > 0
    idle = np.where(sold.any(axis=1), np.argmax(sold[:, ::-1], axis=1), long)
    still = [
        *panel.groups.values(),
        np.log(level),
        *own,
        1 - sold.mean(axis=1),
        idle,
        np.log1p(age),
        recent.std(axis=1) / level,
        recent.max(axis=1) / level,
        np.nan_to_num(known[:, -1:]).mean(axis=1) / level,
        *_prices(panel, origin, long),
    ]
    moving = [
        *_same_place(panel, known, origin, horizon, unit),
        *(
            seasonal_index(totals, panel, origin, horizon)[codes]
            for totals, codes in _group_totals(panel, known)
        ),
        *_calendar(panel, origin, horizon, len(known)),
        *_trend(known, short, long, horizon),
    ]
    fixed = np.repeat(np.stack(still, axis=1)[:, None], horizon, axis=1)
    x = np.concatenate([fixed, np.stack(moving, axis=2)], axis=2)
    season = seasonal_index(known, panel, origin, horizon)
    season = np.clip(np.nan_to_num(season, nan=1.0), 0, _MOST_SEASON).astype(np.float32)
    return Inputs(np.clip(x, -1e4, 1e4).astype(np.float32), level, season)


def seasonal_index(values: Floats, panel: Panel, origin: int, horizon: int) -> Floats:
    """How the place of each step in the season compares with the usual, [n, h].

    Days: the weekday's mean over the last 8 weeks against all days'. Weeks: the same week last
    year against the 8 weeks that ended a year before the origin; NaN without that much past.
    """
    season = panel.season
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        if panel.unit == "week":
            ago = origin - season
            if season <= 1 or ago < 8:
                return np.full((len(values), horizon), np.nan, np.float32)
            base = np.nanmean(values[:, ago - 8 : ago], axis=1)
            then = last_same(panel.cycle, origin + horizon, limit=origin)[origin:]
            return np.clip(values[:, then] / np.maximum(base, 1e-6)[:, None], 0, 20)
        last = np.arange(max(origin - 8 * season, 0), origin)
        base = np.nanmean(values[:, last], axis=1)
        places = panel.cycle[last]
        by_place = {
            int(c): np.nanmean(values[:, last[places == c]], axis=1) for c in np.unique(places)
        }
        ahead = panel.cycle[origin : origin + horizon]
        rows = [by_place.get(int(c), base) for c in ahead]
        return np.stack(rows, axis=1) / np.maximum(base, 1e-6)[:, None]


def _level(panel: Panel, known: Floats, window: int, config: DemandConfig) -> Floats:
    own = _mean(known[:, -window:])
    age = np.clip(known.shape[1] - panel.first, 0, window)
    prior = config.prior_periods
    young = np.flatnonzero(age < 2 * prior)
    level = np.nan_to_num(own)
    settled = np.where(age >= prior, own, np.nan)
    alike = similar_level(panel.names, settled, young, neighbours=config.neighbours)
    n = age[young]
    level[young] = (n * level[young] + prior * alike) / (n + prior)
    least = _FLOOR * max(float(np.median(level[level > 0])) if (level > 0).any() else 1.0, 1e-3)
    return np.maximum(level, least).astype(np.float32)


def _mean(values: Floats) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmean(values, axis=1), np.float32)


def _prices(panel: Panel, origin: int, long: int) -> list[Floats]:
    """Log price, and the price now against its usual one."""
    if panel.price is None:
        return []
    price = panel.price[:, max(origin - long, 0) : origin]
    usual = np.nan_to_num(_mean(price), nan=0.0)
    return [np.log1p(usual), np.nan_to_num(price[:, -1] / np.maximum(usual, 1e-6), nan=1.0)]


def _same_place(
    panel: Panel, known: Floats, origin: int, horizon: int, unit: Floats
) -> list[Floats]:
    """The same place of the season before, its neighbours, and the item's own seasonal index."""
    then = last_same(panel.cycle, origin + horizon, limit=origin)[origin:]
    near = [known[:, np.clip(then + step, 0, origin - 1)] / unit for step in (-1, 0, 1)]
    return [*near, seasonal_index(known, panel, origin, horizon)]


def _group_totals(panel: Panel, known: Floats) -> list[tuple[Floats, Ints]]:
    """Totals of the shop and of each category of each group, with the row of every series."""
    filled = np.nan_to_num(known)
    found = [(filled.sum(axis=0, keepdims=True), np.zeros(len(known), np.int64))]
    for codes in panel.groups.values():
        totals = np.zeros((int(codes.max()) + 1, known.shape[1]), np.float32)
        np.add.at(totals, codes, filled)
        found.append((totals, codes))
    return found


def _calendar(panel: Panel, origin: int, horizon: int, size: int) -> list[Floats]:
    ahead = slice(origin, origin + horizon)
    dates = panel.dates[ahead]
    year = 2 * np.pi * dates.dayofyear.to_numpy() / 365.25
    then = last_same(panel.cycle, origin + horizon, limit=origin)[ahead]
    gap = np.diff(panel.dates, prepend=panel.dates[:1] - pd.Timedelta(days=1)) / pd.Timedelta("1D")
    columns: list[NDArray[Any]] = [
        np.arange(horizon),
        panel.cycle[ahead],
        np.sin(year),
        np.cos(year),
        dates.day.to_numpy(),
        panel.special[ahead],
        panel.special[then],
        gap[ahead],  # after closing days people have waited
    ]
    return [np.broadcast_to(np.asarray(c, np.float32), (size, horizon)) for c in columns]


def _trend(known: Floats, short: int, long: int, horizon: int) -> list[Floats]:
    """The shop's demand lately against its longer past, the same for every series."""
    total = np.nansum(known, axis=0)
    rate = total[-short:].mean() / max(float(total[-long:].mean()), 1e-6)
    return [np.full((len(known), horizon), rate, np.float32)]
