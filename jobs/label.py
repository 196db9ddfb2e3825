"""Grain: one row per person and product as of the data's end, in gold.interest; its calibration."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.features.behaviour import TABLES, read_behaviour
from shoplake.features.calibration import Recalibration, calibration, fit_recalibration
from shoplake.features.interest import interest
from shoplake.features.settings import load_labels
from shoplake.governance.run import Read, Run
from shoplake.ingest.check import shop_mapping
from shoplake.steps import as_of_option, job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return as_of_option(job_parser("label", __doc__))


def label(run: Run, args: argparse.Namespace) -> None:
    """Degree of interest of everyone in what they touched, and how well it foretells."""
    days = shop_mapping(args.shop).horizon_days
    settings = load_labels().interest
    seen = read_behaviour(run, args.as_of)
    cut = seen.as_of - timedelta(days=days)
    earlier = cut - timedelta(days=days)
    params = [seen.as_of, days, settings]
    built: dict[str, Any] = {"inputs": TABLES, "params": params, "pinned": seen.pinned}
    with run.lake.held(seen.interactions) as interactions:

        def fitted(at: datetime) -> Recalibration:
            return fit_recalibration(interest(interactions, at, settings), interactions, at, days)

        def make_interest(_: Read) -> DataFrame:
            now = interest(interactions, seen.as_of, settings)
            known = F.lit(None).cast("double")
            return now.withColumn(
                "probability", fitted(cut).column(F.col("interest")) if cut > seen.first else known
            )

        def make_calibration(_: Read) -> DataFrame:
            raw = interest(interactions, cut, settings)
            mapped = raw.withColumn("interest", fitted(earlier).column(F.col("interest")))
            tables = [
                calibration(rows, interactions, cut, days).withColumn("map", F.lit(name))
                for name, rows in (("raw", raw), ("recalibrated", mapped))
            ]
            return tables[0].unionByName(tables[1]).withColumn("as_of", F.lit(seen.as_of))

        makers = {"gold.interest": make_interest}
        if earlier > seen.first:
            makers["gold.interest_calibration"] = make_calibration
        run.together(
            {table: partial(run.build, table, make, **built) for table, make in makers.items()}
        )


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, label)


if __name__ == "__main__":
    main()
