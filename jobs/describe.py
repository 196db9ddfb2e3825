"""Grain: one row per product and language, gold.product_descriptions."""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.features.behaviour import read_behaviour
from shoplake.features.neighbours import products_at
from shoplake.governance.run import Read, Run
from shoplake.ingest.check import shop_mapping
from shoplake.models.descriptions.describe import hub_writer
from shoplake.models.descriptions.pixels import folder_digest
from shoplake.models.descriptions.rows import described
from shoplake.models.descriptions.settings import load_descriptions
from shoplake.steps import as_of_option, job_parser, run_job

TABLE = "gold.product_descriptions"
SOURCES = ("silver.products", "gold.item_features")


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = as_of_option(job_parser("describe", __doc__))
    options.add_argument(
        "--images", type=Path, metavar="DIR", help="folder of <product_id>.png or .jpg"
    )
    return options


def describe(run: Run, args: argparse.Namespace) -> None:
    """What a page may say of each product; texts with a claim without evidence are held."""
    config = load_descriptions()
    shop = shop_mapping(args.shop).shop if args.images else ""
    now = read_behaviour(run, args.as_of).as_of

    def make(read: Read) -> DataFrame:
        index = read("gold.item_features").where(F.col("as_of") == F.lit(now))
        products = products_at(read("silver.products"), index, now)
        contract = run.contracts[TABLE]
        run.lineage.flows(TABLE, contract.column_names, products, sources={})
        catalogue = pd.DataFrame(products.toPandas())
        hub = hub_writer(config)
        rows = described(catalogue, config, args.images, now, hub, shop=shop)
        return run.lake.spark.createDataFrame(rows, schema(contract))

    seen = folder_digest(args.images) if args.images else None
    run.build(TABLE, make, inputs=SOURCES, params=[now, config, seen, shop])


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, describe)


if __name__ == "__main__":
    main()
