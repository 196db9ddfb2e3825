"""`shoplake stock`: what to order, and what a product will sell, without Spark."""

from __future__ import annotations

import argparse
import json
from typing import Any

from shoplake.commands.options import lake_options, need_top, print_rows, settings_of
from shoplake.commands.products import find_product, need_table, quoted
from shoplake.runtime.console import console
from shoplake.runtime.settings import Settings

ALERTS = ("shortage", "surplus", "none", "unknown")
_PLAN, _FORECAST, _STEP = "gold.stock_plan", "gold.demand_forecast", "forecast"
_COLUMNS = (
    "product_id, stock, expected_demand, reorder_point, order_quantity, order_now, days_of_stock,"
    " shortage_probability, alert"
)
_NEWEST = f"as_of = (select max(as_of) from {_PLAN})"


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    stock = commands.add_parser("stock", help="what to order, and what a product will sell")
    stock.add_argument("item", nargs="?", help="a product's id, with or without its shop, or name")
    stock.add_argument("--alert", choices=ALERTS, default="shortage", help="default: shortage")
    stock.add_argument("--top", type=int, default=20, help="how many products (default: 20)")
    stock.add_argument("--json", action="store_true", help="every number, as JSON")
    lake_options(stock).set_defaults(run=_stock)


def _stock(args: argparse.Namespace) -> None:
    need_top(args.top)
    settings = settings_of(args)
    if args.item:
        _one(settings, args)
        return
    need_table(settings, _PLAN, _STEP)
    from shoplake.runtime.sql import query

    count = f"select alert, count(*) as products from {_PLAN} where {_NEWEST} group by alert"
    counts = {row["alert"]: row["products"] for row in query(settings, count)}
    found = query(
        settings,
        f"select {_COLUMNS} from {_PLAN} where {_NEWEST} and alert = '{args.alert}'"
        " order by shortage_probability desc, expected_demand desc, product_id"
        f" limit {args.top:d}",
    )
    if args.json:
        print(json.dumps({"alerts": counts, args.alert: found}, indent=2, default=str))
        return
    print_rows([_short(row) for row in found], title=f"{args.alert}, most urgent first")
    console.print(", ".join(f"{counts.get(alert, 0):,} {alert}" for alert in ALERTS))


def _one(settings: Settings, args: argparse.Namespace) -> None:
    from shoplake.runtime.sql import query

    product = find_product(settings, args.item, _PLAN, _STEP)
    only = f"product_id = {quoted(product['product_id'])}"
    plan = query(settings, f"select {_COLUMNS} from {_PLAN} where {_NEWEST} and {only}")
    days = query(
        settings,
        f"select day, mean, q05, q25, q50, q75, q95 from {_FORECAST} where {_NEWEST} and {only}"
        " order by day",
    )
    if args.json:
        said = {**product, "plan": plan[0] if plan else None, "forecast": days}
        print(json.dumps(said, indent=2, default=str))
        return
    print_rows([_short(row) for row in plan], title=f"{product['product_id']} {product['name']}")
    shown = [{name: _number(value) for name, value in row.items()} for row in days]
    print_rows(shown, title="units a day: mean and quantiles")


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("_", " "): _number(value) for name, value in row.items()}


def _number(value: Any) -> Any:
    return f"{value:.2f}" if isinstance(value, float) else value
