"""Demand forecasts by rolling origin, and what stock planned by them would have done."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from shoplake.evaluate.findings import Findings, compared
from shoplake.evaluate.forecasts import Judged, forecast_scores
from shoplake.evaluate.metrics import EvaluationError, Values
from shoplake.evaluate.sales import load_sales, usual_price
from shoplake.evaluate.stock import EQUAL, FIXED, try_policies
from shoplake.models.demand.combine import CLASSES, pinball
from shoplake.models.demand.forecast import Forecast, Forecaster
from shoplake.models.demand.new_items import new_item_quantiles
from shoplake.models.demand.panel import Panel
from shoplake.models.demand.settings import DemandConfig, load_demand

BASELINES = ["seasonal_naive", "recent_quantiles"]
CHAMPION = "calibrated mixture"
_WINDOWS = 3
_HOLIDAY_WEIGHT = 5


def run(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Judge forecasts of every item that sells, from several origins.

    Raises:
        EvaluationError: the data has neither layout or is too short.
    """
    lost: list[str] = []
    panel, first = load_sales(data, train, lost)
    config = load_demand()
    horizon = config.horizon[panel.unit]
    origins, horizon = plan_origins(panel, first, horizon)
    forecaster = Forecaster(panel, horizon, config)
    began = time.monotonic()
    forecasts = [forecaster.forecast(origin) for origin in origins]
    taken = time.monotonic() - began
    weekly = panel.unit == "week"
    values: dict[str, dict[str, Values]] = {}
    for name in [*forecasts[0].made, CHAMPION]:
        windows = [_judged(panel, f, name, horizon) for f in forecasts]
        values[name] = forecast_scores(windows, len(panel.first), weighted=weekly)
    figures = compared(values, BASELINES, "quantile_loss", seed=seed)
    policies, notes = try_policies(panel, forecasts, config.stock, seed=seed)
    figures.update(policies)
    loss = {name: figures[name]["quantile_loss"].value for name in values}
    notes.insert(
        0,
        f"quantile loss of {CHAMPION}: {1 - loss[CHAMPION] / loss['seasonal_naive']:.1%} less than "
        "seasonal naive with the quantiles of its own past errors",
    )
    notes += [*lost, *_new_items(panel, origins, horizon, config)]
    return Findings(
        "demand",
        _protocol(panel, forecasts, horizon),
        figures,
        [*BASELINES, FIXED, EQUAL],
        CHAMPION,
        "quantile_loss",
        notes,
        {"all models, all origins": round(taken, 1)},
    )


def plan_origins(panel: Panel, first: int | None, horizon: int) -> tuple[list[int], int]:
    """Up to 3 origins a horizon apart, the last one a horizon before the end.

    Args:
        first: the first period that may be judged; None: as early as there is enough past.

    Raises:
        EvaluationError: the data is too short for one window.
    """
    end = len(panel.dates)
    if first is not None:
        horizon = min(horizon, end - first)
    least = 5 * horizon if first is None else first
    origins = [o for k in range(_WINDOWS) if (o := end - (k + 1) * horizon) >= least]
    if not origins:
        raise EvaluationError(
            f"{end} {panel.unit}s of sales are too few",
            remedy=f"give at least {6 * horizon} trading {panel.unit}s, or earlier ones as --train",
        )
    return origins[::-1], horizon


def _judged(panel: Panel, f: Forecast, name: str, horizon: int) -> Judged:
    ahead = slice(f.origin, f.origin + horizon)
    known = panel.history(f.origin)[f.series]
    change = np.diff(known, axis=1) ** 2
    begun = np.arange(f.origin - 1)[None] >= panel.first[f.series, None]
    scale = (change * begun).sum(axis=1) / np.maximum(begun.sum(axis=1), 1)
    turnover = known[:, -28:].sum(axis=1) * usual_price(panel, f.series, f.origin)
    return Judged(
        f.series,
        f.quantiles if name == CHAMPION else f.made[name],
        panel.truth()[f.series, ahead],
        np.where(panel.special[ahead], _HOLIDAY_WEIGHT, 1).astype(float),
        scale.astype(float),
        np.maximum(turnover, 0).astype(float),
    )


def _new_items(panel: Panel, origins: list[int], horizon: int, config: DemandConfig) -> list[str]:
    """Items first sold within a window, forecast from then on by similar names and by all."""
    truth = panel.truth()
    losses: dict[str, list[float]] = {"similar": [], "typical": []}
    for origin in origins:
        end = origin + horizon
        fresh = np.flatnonzero((panel.first >= origin) & (panel.first < end - 1))
        if not len(fresh) or not panel.names:
            continue
        names = tuple(panel.names[i] for i in fresh)
        for kind, words in (("similar", names), ("typical", ("",) * len(names))):
            made = new_item_quantiles(panel, origin, words, neighbours=config.neighbours)
            for i, quantiles in zip(fresh, made, strict=True):
                actual = truth[i, panel.first[i] + 1 : end]
                said = np.repeat(quantiles[None], len(actual), axis=0)
                losses[kind] += pinball(said, actual).tolist()
    if not losses["similar"]:
        return []
    mean = {kind: float(np.mean(found)) for kind, found in losses.items()}
    return [
        f"items first sold within a window ({len(losses['similar']):,} item-days after the first "
        f"sale): quantile loss {mean['similar']:.3f} by items of similar names, "
        f"{mean['typical']:.3f} by the typical item"
    ]


def _protocol(panel: Panel, forecasts: list[Forecast], horizon: int) -> dict[str, Any]:
    unit, dates = panel.unit, panel.dates
    past = ", ".join(f"{dates[o]:%Y-%m-%d}" for o in sorted(forecasts[0].windows))
    return {
        "series": f"{len(panel.first):,} over {len(dates)} trading {unit}s, "
        f"{dates[0]:%Y-%m-%d} to {dates[-1]:%Y-%m-%d}; judged: those that sold lately, "
        + ", ".join(f"{len(f.series):,}" for f in forecasts),
        "origins": ", ".join(f"{dates[f.origin]:%Y-%m-%d}" for f in forecasts),
        "horizon": f"{horizon} trading {unit}s; on which days the shop trades is known ahead",
        "choice": f"models are mixed and calibrated on past windows alone (for the first: {past})",
        "demand": "returns are netted against their sale, in the past only once they happened",
        "quantile_loss": "mean pinball loss over .05, .10, ... .95, in units",
        "coverage": "share within the 80% and 90% intervals; ties of counts count in part, by the "
        "probability they stand for; `inside` counts a tie with an end as inside",
        "interval": "95% percentile bootstrap over series, 1,000 resamples",
        "weights": {
            CLASSES[kind]: {name: round(weight, 2) for name, weight in parts.items()}
            for kind, parts in forecasts[-1].mixture.weights.items()
        },
    }
