"""Grain: one row per audience and person, gold.audiences; per product offered, gold.ad_scores."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.evaluate.ads_job import build_ads
from shoplake.features.behaviour import TABLES, read_behaviour
from shoplake.governance.run import Read, Run
from shoplake.models.ads.examples import AdsError
from shoplake.models.ads.lake import addressable, audience_rows
from shoplake.models.ads.settings import load_ads
from shoplake.runtime.console import say
from shoplake.steps import as_of_option, job_parser, run_job

AUDIENCE_SOURCES = (*TABLES, "silver.people", "gold.item_features")
AD_SOURCES = (*AUDIENCE_SOURCES, "gold.audiences")


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return as_of_option(job_parser("target", __doc__))


def target(run: Run, args: argparse.Namespace) -> None:
    """Whom to address and with what, of those who agreed to advertising."""
    config = load_ads()
    seen = read_behaviour(run, args.as_of)
    now = seen.as_of

    def at(read: Read, table: str) -> DataFrame:
        return read(table).where(F.col("as_of") == F.lit(now))

    def made(table: str, rows: Iterator[tuple[Any, ...]], *read: DataFrame) -> DataFrame:
        contract = run.contracts[table]
        run.lineage.flows(table, contract.column_names, *read, sources={})
        return run.lake.spark.createDataFrame(list(rows), schema(contract))

    def audiences(read: Read) -> DataFrame:
        items = at(read, "gold.item_features").where("category IS NOT NULL")
        items = items.select("product_id", "category")
        done = addressable(seen.interactions, read("silver.people"), now)
        category = {row.product_id: row.category for row in items.collect()}
        rows = audience_rows(pandas(done), category, now, config.audience, config.seed)
        return made("gold.audiences", rows, done, items)

    params, pinned = [now, config], seen.pinned
    run.build("gold.audiences", audiences, inputs=AUDIENCE_SOURCES, params=params, pinned=pinned)
    try:
        build_ads(run, config, now, AD_SOURCES)
    except AdsError as error:
        # A young shop is no failure: there is nothing to bid on yet.
        say(run.step, f"[yellow]no ad scores yet:[/] {error}")


def pandas(frame: DataFrame) -> pd.DataFrame:
    """The rows on the driver."""
    return pd.DataFrame(frame.toPandas())


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, target)


if __name__ == "__main__":
    main()
