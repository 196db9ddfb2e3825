"""Grain: one row per head query and rank as of the data's end, in gold.search_rankings."""

from __future__ import annotations

import argparse

import pandas as pd
from pyspark.sql import DataFrame

from shoplake.contracts.ddl import schema
from shoplake.evaluate.search_tuning_job import candidate, tuned_search
from shoplake.features.behaviour import TABLES, read_behaviour
from shoplake.governance.run import Read, Run
from shoplake.serve.search_batch import head_queries, newest, ranking_rows
from shoplake.serve.search_lake import POPULARITY, PRODUCTS, SHOWN, SINCE, Held, Source
from shoplake.steps import job_parser, run_job

TABLE = "gold.search_rankings"
SOURCES = sorted({PRODUCTS.table, SHOWN.table, "silver.searches", POPULARITY.table, *TABLES})


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = job_parser("rank", __doc__)
    options.add_argument("--queries", type=int, default=500, help="most head queries")
    options.add_argument("--top", type=int, default=20, help="products of each")
    return options


def rank(run: Run, args: argparse.Namespace) -> None:
    """Search's answers to the queries that most people ask."""
    behaviour = read_behaviour(run, None)
    now, version = behaviour.as_of, candidate(run)

    def make(read: Read) -> DataFrame:
        def rows(source: Source) -> DataFrame:
            table = read(source.table)
            return source.of(newest(table) if source is POPULARITY else table)

        searches = read("silver.searches")
        contract = run.contracts[TABLE]
        frames = [rows(source) for source in (PRODUCTS, SINCE, POPULARITY, SHOWN)]
        flowing = (*frames, searches.select("query"))
        run.lineage.flows(TABLE, contract.column_names, *flowing, sources={})
        held = Held(*(pd.DataFrame(frame.toPandas()) for frame in frames))
        search = tuned_search(run, held, behaviour.interactions, now, version)
        queries = head_queries(searches, now, args.queries)
        ranked = list(ranking_rows(search, queries, now, args.top))
        return run.lake.spark.createDataFrame(ranked, schema(contract))

    params = [now, args.queries, args.top, version]
    run.build(TABLE, make, inputs=SOURCES, params=params, pinned=behaviour.pinned)


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, rank)


if __name__ == "__main__":
    main()
