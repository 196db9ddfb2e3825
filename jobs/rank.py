"""Grain: one row per head query and rank as of the data's end, in gold.search_rankings."""

from __future__ import annotations

import argparse

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.features.behaviour import read_behaviour
from shoplake.governance.run import Read, Run
from shoplake.serve.search_batch import head_queries, ranking_rows
from shoplake.serve.search_lake import shop_search
from shoplake.steps import job_parser, run_job

TABLE = "gold.search_rankings"
SOURCES = ("silver.products", "silver.events", "silver.searches", "gold.item_features")


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = job_parser("rank", __doc__)
    options.add_argument("--queries", type=int, default=500, help="most head queries")
    options.add_argument("--top", type=int, default=20, help="products of each")
    return options


def rank(run: Run, args: argparse.Namespace) -> None:
    """Search's answers to the queries that most people ask."""
    now = read_behaviour(run, None).as_of

    def make(read: Read) -> DataFrame:
        products = read("silver.products").where("is_current and kind = 'product'")
        products = products.where("name is not null").select(
            "product_id", "name", "category", "brand", "description",
            F.col("price").cast("double").alias("price"),
        )  # fmt: skip
        popularity = read("gold.item_features").where(F.col("as_of") == F.lit(now))
        popularity = popularity.select(
            "product_id", F.col("people_30d").alias("people"), "available"
        )
        shown = read("silver.events").where("kind in ('impression', 'click') and not is_bot")
        shown = shown.where("query is not null and product_id is not null and position is not null")
        shown = shown.select("query", "product_id", "position", "session_id", "kind")
        searches = read("silver.searches")
        contract = run.contracts[TABLE]
        frames = (products, popularity, shown, searches.select("query"))
        run.lineage.flows(TABLE, contract.column_names, *frames, sources={})
        search = shop_search(*(pd.DataFrame(f.toPandas()) for f in frames[:3]))
        queries = head_queries(searches, now, args.queries)
        rows = list(ranking_rows(search, queries, now, args.top))
        return run.lake.spark.createDataFrame(rows, schema(contract))

    run.build(TABLE, make, inputs=SOURCES, params=[now, args.queries, args.top])


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, rank)


if __name__ == "__main__":
    main()
