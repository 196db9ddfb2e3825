"""What stock planned by forecasts would have done, beside a fixed reorder point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from shoplake.evaluate.findings import Figure
from shoplake.evaluate.intervals import bootstrap_mean
from shoplake.evaluate.sales import usual_price
from shoplake.models.demand.forecast import Forecast
from shoplake.models.demand.panel import Panel
from shoplake.models.demand.settings import StockConfig
from shoplake.models.demand.stock import (
    Numbers,
    demand_paths,
    persistence,
    reorder_plan,
    simulate,
)

FIXED = "stock: fixed reorder point"
EQUAL = "stock: fixed, as much stock"
PLANNED = "stock: by forecast"


@dataclass(frozen=True)
class _Trial:
    """What both policies face: demand [n, T], the order quantity [n, T] and the usual rate [n]."""

    demand: Numbers
    point: Numbers
    quantity: Numbers
    rate: Numbers
    lead: int
    cover: int

    def of(self, point: Numbers) -> tuple[Numbers, Numbers]:
        """Units lost and stock held of reorder points [n, T], starting with half a lot above."""
        start = point[:, 0] + self.quantity[:, 0] / 2
        return simulate(self.demand, point, self.quantity, self.lead, start)

    def fixed(self, factor: float) -> Numbers:
        """The reorder points of a factor on the usual demand until delivery."""
        point = np.ceil(factor * self.rate * self.cover)
        return np.repeat(point[:, None], self.demand.shape[1], axis=1)


def try_policies(
    panel: Panel, forecasts: Sequence[Forecast], config: StockConfig, *, seed: int
) -> tuple[dict[str, dict[str, Figure]], list[str]]:
    """Lost sales and stock of three policies on items that sold before the first origin.

    All order the same economic quantity. The fixed point is a factor times the mean demand of the
    last season's weeks before the first origin, and never moves; the factor is the one with which
    past demand over lead time and review stayed below the point as often as the service level
    says. "as much stock" gives the fixed policy the factor, found on the judged weeks themselves,
    with which it holds what the forecast policy holds.

    Returns:
        policy -> "lost_sales" (share of demand) and "stock_held" (units an item), and notes.
    """
    trial = _trial(panel, forecasts, config)
    factor = _past_factor(panel, forecasts[0], trial, config.service_level)
    planned = trial.of(trial.point)
    equal = _equal_factor(trial, float(planned[1].mean()))
    outcomes = {
        FIXED: trial.of(trial.fixed(factor)),
        EQUAL: trial.of(trial.fixed(equal)),
        PLANNED: planned,
    }
    scale = max(trial.demand.sum(), 1e-9) / len(trial.demand)
    figures = {}
    for name, (lost, held) in outcomes.items():
        share = bootstrap_mean(lost.sum(axis=1) / scale, seed=seed)
        stock = bootstrap_mean(held.mean(axis=1), seed=seed)
        figures[name] = {
            "lost_sales": Figure(share.value, share.low, share.high),
            "stock_held": Figure(stock.value, stock.low, stock.high),
        }
    note = (
        f"stock simulated over {trial.demand.shape[1]} {panel.unit}s and {len(trial.demand):,} "
        f"series, lead time {trial.lead}, service level {config.service_level:.0%}; fixed factor "
        f"{factor:.2f} from the past, {equal:.2f} for as much stock"
    )
    return figures, [note]


def _trial(panel: Panel, forecasts: Sequence[Forecast], config: StockConfig) -> _Trial:
    first = forecasts[0]
    lead = config.lead_periods[panel.unit]
    cover = lead + config.review_periods
    series, horizon = first.series, first.quantiles.shape[1]
    end = forecasts[-1].origin + horizon
    demand = np.maximum(panel.truth()[series, first.origin : end], 0).astype(float)
    point, quantity = np.zeros_like(demand), np.ones_like(demand)
    for f in forecasts:
        alike = persistence(
            f.mixture, list(f.windows.values()), counts=panel.counts, seed=config.paths
        )
        plan = reorder_plan(
            demand_paths(f.quantiles, config.paths, alike, config.paths),
            np.full(len(f.series), cover),
            usual_price(panel, f.series, f.origin).astype(float),
            service_level=config.service_level,
            order_cost=config.order_cost,
            holding_rate=config.holding_rate,
            periods_a_year=300 if panel.unit == "day" else 52,
            most_periods=config.surplus_periods,
        )
        place = np.searchsorted(f.series, series)
        place = np.clip(place, 0, len(f.series) - 1)
        there = f.series[place] == series
        ahead = slice(f.origin - first.origin, end - first.origin)
        point[:, ahead] = np.where(there, plan.point[place], 0)[:, None]
        first_time = f is first
        quantity[:, ahead] = plan.quantity[place][:, None] if first_time else quantity[:, :1]
    known = np.maximum(panel.history(first.origin)[series], 0)
    rate = known[:, -_recent(panel) :].mean(axis=1, dtype=float)
    return _Trial(demand, point, quantity, rate, lead, cover)


def _recent(panel: Panel) -> int:
    return 48 if panel.unit == "day" else 13


def _past_factor(panel: Panel, first: Forecast, trial: _Trial, service_level: float) -> float:
    """The factor that past demand until delivery exceeded as seldom as the level allows."""
    known = np.maximum(panel.history(first.origin)[first.series], 0)[:, -_recent(panel) :]
    total = np.cumsum(np.pad(known, ((0, 0), (1, 0))), axis=1, dtype=float)
    until = total[:, trial.cover :] - total[:, : -trial.cover]
    sells = trial.rate > 0
    ratio = until[sells] / (trial.rate[sells, None] * trial.cover)
    return float(np.quantile(ratio, service_level))


def _equal_factor(trial: _Trial, stock: float) -> float:
    """The factor whose mean stock is `stock`, by bisection."""
    low, high = 0.0, 20.0
    for _ in range(30):
        middle = (low + high) / 2
        held = float(trial.of(trial.fixed(middle))[1].mean())
        low, high = (middle, high) if held < stock else (low, middle)
    return (low + high) / 2
