"""Global models learn from many past origins of all items, and forecast from the newest."""

from __future__ import annotations

import numpy as np

from shoplake.models.demand.boosting import BoostedQuantiles
from shoplake.models.demand.classic import CLASSIC, INTERMITTENT
from shoplake.models.demand.features import Inputs, build_inputs
from shoplake.models.demand.network import QuantileNetwork
from shoplake.models.demand.panel import DemandError, Floats, Panel
from shoplake.models.demand.settings import LEVELS, DemandConfig

GLOBAL = ("gradient_boosting", "season_boosting", "network")
Rows = tuple[Floats, Floats, Floats, Floats]
#: Days of one item are much alike: more of them teach little.
_ROWS_A_SERIES = 30


def candidates(panel: Panel, origin: int, horizon: int, config: DemandConfig) -> dict[str, Floats]:
    """Every candidate's quantiles [S, h, L] from what was known at the origin, none below 0."""
    left_out = () if panel.counts else INTERMITTENT
    made = {
        name: CLASSIC[name](panel, origin, horizon)
        for name in config.models
        if name in CLASSIC and name not in left_out
    }
    # Of weekdays, last week is among what the plain model sees lately.
    yearly = panel.unit == "week" and panel.season > 1
    wanted = [n for n in config.models if n in GLOBAL and (yearly or n != "season_boosting")]
    if wanted:
        rows = training_rows(panel, origin, horizon, config)
        ahead = build_inputs(panel, origin, horizon, config)
        for name in wanted:
            found = _global(name, rows, ahead, len(panel.groups), config)
            found = found.reshape(*ahead.x.shape[:2], len(LEVELS))
            made[name] = np.maximum(found * ahead.level[:, None, None], 0)
    return made


def _global(name: str, rows: Rows, ahead: Inputs, categories: int, config: DemandConfig) -> Floats:
    """Quantiles [S * h, L] of a model over all items, in units of the level."""
    flat = ahead.x.reshape(-1, ahead.x.shape[2])
    learnt, season = rows[:3], rows[3]
    if name == "network":
        network = QuantileNetwork.fit(learnt, categories, config.network, config.seed)
        return network.predict(flat)
    start = season if name == "season_boosting" else None
    boosted = BoostedQuantiles.fit(learnt, categories, config.boosting, config.seed, start)
    return boosted.predict(flat, None if start is None else ahead.season.ravel())


def training_rows(panel: Panel, origin: int, horizon: int, config: DemandConfig) -> Rows:
    """Features [n, F], demand in units of the level [n], weights [n] and what the season before
    says [n], all before the origin.

    A row's weight is the item's level, so that the loss is in units and not in items.

    Raises:
        DemandError: there is no past origin with a whole horizon after it.
    """
    step = max(horizon // 2, 1)
    least = max(2 * panel.season if panel.unit == "day" else 8, horizon)
    if panel.unit == "week" and panel.season > 1 and origin - horizon >= panel.season + 8:
        least = panel.season + 8
    starts = [o for k in range(config.train_origins) if (o := origin - horizon - k * step) >= least]
    if not starts:
        raise DemandError(
            f"{origin} periods are too few to learn from",
            remedy=f"give at least {least + horizon} periods before the first forecast",
        )
    random = np.random.default_rng(config.seed)
    target = panel.history(origin)
    rows = min(config.boosting.rows, _ROWS_A_SERIES * len(panel.first))
    share = max(rows // len(starts), 1)
    parts = []
    for start in starts:
        past = build_inputs(panel, start, horizon, config)
        alive = np.flatnonzero(active(panel, start, config.active_periods[panel.unit]))
        pairs = random.permutation(len(alive) * horizon)[:share]
        series, ahead = alive[pairs // horizon], pairs % horizon
        level = past.level[series]
        sold = target[series, start + ahead] / level
        parts.append((past.x[series, ahead], sold, level, past.season[series, ahead]))
    x, y, weight, season = (np.concatenate([part[i] for part in parts]) for i in range(4))
    weight = np.minimum(weight, np.quantile(weight, 0.995))
    return x, np.asarray(y, np.float32), np.asarray(weight / weight.mean(), np.float32), season


def active(panel: Panel, origin: int, periods: int) -> np.ndarray:
    """Series [S] that sold something in the last `periods` before the origin."""
    return np.asarray((panel.sold[:, max(origin - periods, 0) : origin] > 0).any(axis=1))
