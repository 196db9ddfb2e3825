"""Settings of demand forecasts and stock plans; `conf/models/demand.yml` fills them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml

#: Levels of every forecast: .05 to .95 are judged; the outer ones give calibration room.
LEVELS = np.array([0.01, 0.025, *np.arange(1, 20) / 20, 0.975, 0.99])
#: Places in LEVELS of .05, .1, ... .95.
JUDGED = slice(2, -2)
MEDIAN = 11

MODELS = (
    "seasonal_naive",
    "recent_quantiles",
    "exponential_smoothing",
    "seasonal_smoothing",
    "croston_sba",
    "tsb",
    "gradient_boosting",
    "season_boosting",
    "network",
)


@dataclass(frozen=True)
class BoostingConfig:
    """LightGBM with the quantile loss, one booster a level.

    Attributes:
        rounds, leaves, min_leaf, learning_rate: of each booster.
        rows: most training rows, drawn evenly over series and past origins.
    """

    rounds: int
    leaves: int
    min_leaf: int
    learning_rate: float
    rows: int


@dataclass(frozen=True)
class NetworkConfig:
    """A multi-layer perceptron with one output a level.

    Attributes:
        width: of its two hidden layers.
        steps, batch, learning_rate: AdamW with a one-cycle rate.
        max_epochs: most passes over the rows, for small shops.
    """

    width: int
    steps: int
    max_epochs: int
    batch: int
    learning_rate: float


@dataclass(frozen=True)
class StockConfig:
    """What a stock plan aims at.

    Attributes:
        service_level: share of cycles in which stock lasts until the next delivery.
        lead_periods: trading periods from order to delivery, by unit, where the product does not
            say.
        review_periods: trading periods between two looks at the stock.
        order_cost: cost of one order, in currency.
        holding_rate: yearly cost of holding one unit, as a share of its price.
        surplus_periods: stock for more periods than this is a surplus.
        paths: simulated demand paths of an item.
    """

    service_level: float
    lead_periods: dict[str, int]
    review_periods: int
    order_cost: float
    holding_rate: float
    surplus_periods: int
    paths: int


@dataclass(frozen=True)
class DemandConfig:
    """Everything in `conf/models/demand.yml`.

    Attributes:
        models: candidates, of `MODELS`.
        horizon: periods forecast, by unit ("day", "week").
        backtests: windows of one horizon before the origin that choose the combination and
            calibrate the intervals.
        train_origins: past origins that the global models learn from.
        neighbours: items whose demand stands in for a new item's.
        prior_periods: periods of an item's own sales that count as much as its neighbours'.
        active_periods: an item without a sale for so many periods is not forecast, by unit.
        boosting, network, stock: see there.
        seed: of samples and weights.
    """

    models: tuple[str, ...]
    horizon: dict[str, int]
    backtests: int
    train_origins: int
    neighbours: int
    prior_periods: int
    active_periods: dict[str, int]
    boosting: BoostingConfig
    network: NetworkConfig
    stock: StockConfig
    seed: int

    def __post_init__(self) -> None:
        unknown = sorted(set(self.models) - set(MODELS))
        if unknown or not self.models:
            raise SettingsError(
                f"unknown models {unknown}" if unknown else "no models",
                where="conf/models/demand.yml: models",
                remedy=f"choose among {', '.join(MODELS)}",
            )
        units = {"day", "week"}
        given = (self.horizon, self.active_periods, self.stock.lead_periods)
        if any(set(numbers) != units for numbers in given):
            raise SettingsError(
                "horizon, active_periods and lead_periods need one number a unit",
                where="conf/models/demand.yml",
                remedy="give `day` and `week`",
            )
        if self.backtests < 1 or min(self.horizon.values()) < 1:
            raise SettingsError(
                "backtests and horizon must be 1 or more", where="conf/models/demand.yml"
            )
        if not 0.5 <= self.stock.service_level <= 0.99:
            raise SettingsError(
                f"service_level is {self.stock.service_level}",
                where="conf/models/demand.yml: stock.service_level",
                remedy="set it from 0.5 to 0.99",
            )


def load_demand(path: Path | None = None) -> DemandConfig:
    """Read `conf/models/demand.yml`, or another file of its form.

    Raises:
        SettingsError: a key is unknown, missing, or of a wrong type or value.
    """
    return load_yaml(path or conf_dir() / "models" / "demand.yml", DemandConfig)
