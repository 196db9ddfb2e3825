"""Grain: one row per product, kind of neighbour and rank, gold.item_neighbours."""

from __future__ import annotations

import argparse

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.features.behaviour import TABLES, read_behaviour
from shoplake.features.neighbours import pair_counts, products_at
from shoplake.governance.run import Read, Run
from shoplake.models.neighbours.kinds import neighbours
from shoplake.models.neighbours.rows import neighbour_rows
from shoplake.models.neighbours.settings import load_neighbours
from shoplake.models.search.encoder import TextEncoder
from shoplake.steps import as_of_option, job_parser, run_job

TABLE = "gold.item_neighbours"
SOURCES = (*TABLES, "silver.products", "gold.item_features")


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return as_of_option(job_parser("neighbours", __doc__))


def find(run: Run, args: argparse.Namespace) -> None:
    """What stands for, goes with, or is the same as each product."""
    config = load_neighbours()
    seen = read_behaviour(run, args.as_of)

    def make(read: Read) -> DataFrame:
        index = read("gold.item_features").where(F.col("as_of") == F.lit(seen.as_of))
        described = products_at(read("silver.products"), index, seen.as_of)
        counted = pair_counts(
            seen.interactions,
            seen.as_of,
            largest_basket=config.largest_basket,
            least=config.least_together,
        )
        products = pd.DataFrame(described.toPandas()).sort_values("product_id", ignore_index=True)
        pairs = pd.DataFrame(counted.toPandas())
        encoder = TextEncoder.load(config.base, max_tokens=config.max_tokens)
        texts = [f"{n}. {d or ''}"[:200] for n, d in products[["name", "description"]].to_numpy()]
        found = neighbours(products, pairs, encoder.encode_kept(texts), config)
        contract = run.contracts[TABLE]
        run.lineage.flows(TABLE, contract.column_names, described, counted, sources={})
        rows = list(neighbour_rows(found, seen.as_of))
        return run.lake.spark.createDataFrame(rows, schema(contract))

    run.build(TABLE, make, inputs=SOURCES, params=[seen.as_of, config], pinned=seen.pinned)


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, find)


if __name__ == "__main__":
    main()
