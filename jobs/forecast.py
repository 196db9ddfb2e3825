"""Grain: one row per product and day ahead, gold.demand_forecast; per product, gold.stock_plan."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame

from shoplake.contracts.ddl import schema
from shoplake.features.behaviour import read_behaviour
from shoplake.governance.run import Read, Run
from shoplake.models.demand.lake import catalogue_at, panel_of, sales_lines
from shoplake.models.demand.outlook import (
    Outlook,
    forecast_rows,
    look_ahead,
    never_sold,
    plan_rows,
)
from shoplake.models.demand.panel import DemandError
from shoplake.models.demand.settings import load_demand
from shoplake.runtime.console import say
from shoplake.steps import as_of_option, job_parser, run_job

SOURCES = ("silver.orders", "silver.products")


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return as_of_option(job_parser("forecast", __doc__))


def forecast(run: Run, args: argparse.Namespace) -> None:
    """Demand of the next days with its uncertainty, and what to order for it."""
    config = load_demand()
    seen = read_behaviour(run, args.as_of)
    now, pinned = seen.as_of, {**run.pins(SOURCES), **seen.pinned}
    read = run.reader(pinned)
    products = catalogue_at(read("silver.products"), now)
    sales = sales_lines(read("silver.orders"), now)

    @cache
    def catalogue() -> pd.DataFrame:
        return pd.DataFrame(products.toPandas())

    @cache
    def outlook() -> Outlook:
        names = dict(zip(catalogue()["product_id"], catalogue()["name"], strict=True))
        panel, sold = panel_of(pd.DataFrame(sales.toPandas()), names)
        active = config.active_periods["day"]
        unsold, idle = never_sold(panel.dates, catalogue(), sold, active)
        return look_ahead(panel, sold, unsold, config, idle, now.date())

    def build(table: str, rows: Callable[[], Iterator[tuple[Any, ...]]]) -> None:
        def make(_: Read) -> DataFrame:
            contract = run.contracts[table]
            run.lineage.flows(table, contract.column_names, sales, products, sources={})
            return run.lake.spark.createDataFrame(list(rows()), schema(contract))

        run.build(table, make, inputs=SOURCES, params=[now, config], pinned=pinned)

    try:
        build("gold.demand_forecast", lambda: forecast_rows(outlook(), now))
        build("gold.stock_plan", lambda: plan_rows(outlook(), now, catalogue(), config))
    except DemandError as error:
        # A young shop is no failure: what comes after must not wait for its first weeks.
        say(run.step, f"[yellow]no forecast yet:[/] {error}")


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, forecast)


if __name__ == "__main__":
    main()
