"""A shop's outlook, as rows of gold.demand_forecast and gold.stock_plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from shoplake.models.demand.combine import CLASSES
from shoplake.models.demand.forecast import Forecaster
from shoplake.models.demand.new_items import new_item_quantiles
from shoplake.models.demand.panel import Panel, open_share, trading_days
from shoplake.models.demand.settings import LEVELS, DemandConfig
from shoplake.models.demand.stock import (
    demand_paths,
    demand_until,
    mean_of,
    persistence,
    reorder_plan,
)

_NEW, _DORMANT = "new", "dormant"
_SHOWN = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True)
class Outlook:
    """Forecasts of a shop's products: quantiles [n, h, L] of the days ahead and what is known.

    Attributes:
        products: [n] product ids.
        classes: [n] class of demand, "new" of a product that was never sold, or "dormant" of one
            that no longer sells.
        days: [h] trading days ahead.
        open_share: trading days of the last 8 weeks over all their days.
        quantiles: [n, h, L] at LEVELS.
        price: [n] newest price paid; NaN of a new product.
        persistence: see `stock.persistence`.
        mixture: what was mixed, for the record.
    """

    products: list[str]
    classes: list[str]
    days: pd.DatetimeIndex
    open_share: float
    quantiles: np.ndarray
    price: np.ndarray
    persistence: float
    mixture: str


def look_ahead(
    panel: Panel,
    products: list[str],
    unsold: dict[str, str],
    config: DemandConfig,
    idle: Sequence[str] = (),
    since: date | None = None,
) -> Outlook:
    """Forecasts of what sells and of what has never been sold.

    Args:
        panel: of `panel_of`.
        products: of each series.
        unsold: names of new products that nobody has bought yet, by id.
        idle: products that nobody has bought for so long that nobody will (`never_sold`).
        since: the first day that is still to come, which may be later than the one after the
            last sale. Default: that one.

    Raises:
        DemandError: the past is too short.
    """
    horizon, origin = config.horizon["day"], len(panel.dates)
    days = trading_days(panel.dates, horizon, since=since)
    forecast = Forecaster(panel.extended(days), horizon, config).forecast(origin)
    fresh = new_item_quantiles(panel, origin, tuple(unsold.values()), neighbours=config.neighbours)
    # What no longer sells still lies on a shelf: left out, its stock would be nobody's concern.
    dormant = np.setdiff1d(np.arange(len(products)), forecast.series)
    none = np.zeros((len(dormant) + len(idle), horizon, len(LEVELS)), np.float32)
    price = panel.price[:, -1] if panel.price is not None else np.full(len(products), np.nan)
    weights = {
        CLASSES[k]: {name: round(w, 2) for name, w in parts.items()}
        for k, parts in forecast.mixture.weights.items()
    }
    return Outlook(
        [*(products[i] for i in (*forecast.series, *dormant)), *idle, *unsold],
        [CLASSES[k] for k in forecast.classes] + [_DORMANT] * len(none) + [_NEW] * len(unsold),
        days,
        open_share(panel.dates),
        np.concatenate([forecast.quantiles, none, np.repeat(fresh[:, None], horizon, axis=1)]),
        np.concatenate(
            [price[[*forecast.series, *dormant]], np.full(len(idle) + len(unsold), np.nan)]
        ),
        persistence(
            forecast.mixture,
            list(forecast.windows.values()),
            counts=panel.counts,
            seed=config.seed,
        ),
        "; ".join(f"{k}: {w}" for k, w in weights.items()),
    )


def never_sold(
    dates: pd.DatetimeIndex, catalogue: pd.DataFrame, sold: Collection[str], periods: int
) -> tuple[dict[str, str], list[str]]:
    """Products that nobody has bought: the new ones' names by id, and those that are not new.

    Args:
        dates: the trading days.
        catalogue: of `catalogue_at`.
        sold: products that somebody has bought.
        periods: trading days in which a product was to be had before it is new no more.
    """
    rest = catalogue[~catalogue["product_id"].isin(list(sold))]
    began = pd.to_datetime(rest["listed_at"], utc=True).dt.tz_localize(None)
    seen = len(dates) - np.searchsorted(dates, began.to_numpy())
    fresh, idle = rest[seen < periods], rest[seen >= periods]
    names = dict(zip(fresh["product_id"], fresh["name"], strict=True))
    return names, [str(p) for p in idle["product_id"]]


def forecast_rows(outlook: Outlook, as_of: datetime) -> Iterator[tuple[Any, ...]]:
    """Rows of gold.demand_forecast."""
    shown = [int(np.abs(LEVELS - level).argmin()) for level in _SHOWN]
    mean = mean_of(outlook.quantiles)
    for i, product in enumerate(outlook.products):
        for step, day in enumerate(outlook.days):
            yield (
                product,
                as_of,
                day.date(),
                step + 1,
                outlook.classes[i],
                float(mean[i, step]),
                *(float(outlook.quantiles[i, step, level]) for level in shown),
                outlook.mixture,
            )


def plan_rows(
    outlook: Outlook, as_of: datetime, catalogue: pd.DataFrame, config: DemandConfig
) -> Iterator[tuple[Any, ...]]:
    """Rows of gold.stock_plan, for products of the catalogue as of then.

    Args:
        outlook: the forecasts.
        as_of: their origin.
        catalogue: of `catalogue_at`.
        config: settings.
    """
    want = config.stock
    said = catalogue.set_index("product_id").astype(object)
    said = said.where(said.notna(), None)
    stock, lead, list_price = (said[c].to_dict() for c in ("stock", "lead_days", "price"))
    usual = want.lead_periods["day"]
    leads = np.array(
        [
            usual if (days := lead.get(p)) is None else max(1, round(days * outlook.open_share))
            for p in outlook.products
        ]
    )
    price = np.array(
        [
            list_price.get(p) or 0.0 if np.isnan(paid) else paid
            for p, paid in zip(outlook.products, outlook.price, strict=True)
        ]
    )
    paths = demand_paths(outlook.quantiles, want.paths, outlook.persistence, config.seed)
    plan = reorder_plan(
        paths,
        leads + want.review_periods,
        price,
        service_level=want.service_level,
        order_cost=want.order_cost,
        holding_rate=want.holding_rate,
        periods_a_year=365 * outlook.open_share,
        most_periods=want.surplus_periods,
    )
    until = demand_until(paths, leads)
    rate = paths.mean(axis=(1, 2), dtype=float)
    for i, product in enumerate(outlook.products):
        if product not in stock:
            continue
        held = None if stock[product] is None else int(stock[product])
        if held == 0 and outlook.classes[i] == _DORMANT:
            continue  # nothing lies on the shelf, and nothing is to be ordered
        runs_out = None if held is None else float((until[i] > held).mean())
        covers = None if held is None or rate[i] < 1e-6 else float(held / rate[i])
        yield (
            product,
            as_of,
            held,
            int(leads[i]),
            want.service_level,
            float(plan.expected[i]),
            int(plan.point[i]),
            int(plan.quantity[i]),
            None if held is None else bool(held <= plan.point[i]),
            covers,
            runs_out,
            _alert(held, runs_out, covers, want.surplus_periods),
        )


def _alert(held: int | None, runs_out: float | None, covers: float | None, surplus: int) -> str:
    """shortage: sold out, or likelier than not to be before an order placed now arrives."""
    if held is None or runs_out is None:
        return "unknown"
    if runs_out > 0.5 or (held == 0 and runs_out > 0):
        return "shortage"
    if held > 0 and (covers is None or covers > surplus):
        return "surplus"
    return "none"
