"""A small shop for demand: items with a weekday pattern, closed on Sundays."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shoplake.models.demand.panel import Panel, season_of
from shoplake.models.demand.settings import BoostingConfig, DemandConfig, NetworkConfig, StockConfig

STOCK = StockConfig(
    service_level=0.9,
    lead_periods={"day": 3, "week": 1},
    review_periods=1,
    order_cost=2.0,
    holding_rate=0.25,
    surplus_periods=30,
    paths=200,
)
CONFIG = DemandConfig(
    models=("seasonal_naive", "recent_quantiles", "tsb"),
    horizon={"day": 6, "week": 4},
    backtests=2,
    train_origins=3,
    neighbours=3,
    prior_periods=6,
    active_periods={"day": 30, "week": 13},
    boosting=BoostingConfig(10, 7, 20, 0.2, 4000),
    network=NetworkConfig(16, 60, 20, 256, 0.01),
    stock=STOCK,
    seed=1,
)


def trading(start: str, days: int) -> pd.DatetimeIndex:
    """The first `days` days from `start` that are no Sunday."""
    every = pd.date_range(start, periods=days * 2)
    return every[every.dayofweek != 6][:days]


def shop(items: int = 40, days: int = 84, seed: int = 0) -> Panel:
    """Poisson demand at each item's own level, twice as much on Saturdays."""
    draw = np.random.default_rng(seed)
    dates = trading("2026-01-05", days)
    level = draw.uniform(0.5, 8, items)[:, None]
    mean = level * np.where(dates.dayofweek == 5, 2.0, 1.0)
    sold = draw.poisson(mean).astype(np.float32)
    return Panel(
        dates,
        sold,
        season_of(dates, "day", 6),
        6,
        np.argmax(sold > 0, axis=1),
        np.full(sold.shape, 2.0, np.float32),
        np.zeros(days, np.bool_),
        names=tuple(f"{'red' if i % 2 else 'blue'} mug {i}" for i in range(items)),
    )


def weeks(items: int = 60, periods: int = 160, seed: int = 0) -> Panel:
    """Weekly turnover that triples in each item's own four weeks of the year."""
    draw = np.random.default_rng(seed)
    dates = pd.date_range("2023-01-06", periods=periods, freq="7D")
    level = draw.uniform(50, 500, items)[:, None]
    distance = (np.arange(periods)[None] - draw.integers(0, 52, items)[:, None]) % 52
    mean = level * np.where(distance < 4, 3.0, 1.0)
    sold = (mean * draw.lognormal(0, 0.1, (items, periods))).astype(np.float32)
    return Panel(
        dates,
        sold,
        season_of(dates, "week", 52),
        52,
        np.zeros(items, np.int64),
        None,
        np.zeros(periods, np.bool_),
        unit="week",
    )
