"""Grain: one row per person and rank as of the data's end, in gold.recommendations."""

from __future__ import annotations

import argparse

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.evaluate.retraining.serving import serving
from shoplake.features.behaviour import TABLES, read_behaviour
from shoplake.features.histories import Cut, cut_table, history_arrays, seen, touched_items
from shoplake.features.training import item_snapshots
from shoplake.governance.run import Read, Run
from shoplake.ingest.check import shop_mapping
from shoplake.models.tracking import Registry
from shoplake.serve.catalogue import load_catalogue, scorer_inputs
from shoplake.serve.fairness import fair_to_brands
from shoplake.serve.fallback import recent_popularity
from shoplake.serve.outdated import LINKS
from shoplake.serve.people import everyone
from shoplake.serve.served import Served
from shoplake.serve.settings import load_serve_settings
from shoplake.serve.stock import PLAN, in_supply
from shoplake.steps import as_of_option, job_parser, run_job

TARGET = "gold.recommendations"
SOURCES = (*TABLES, LINKS, "silver.people", "silver.products", "gold.item_features", PLAN)


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return as_of_option(job_parser("score", __doc__))


def score(run: Run, args: argparse.Namespace) -> None:
    """The champion's top-k for everyone; personal frequency while no model has beaten it.

    While a challenger is tried (`step retrain`), a share of people get its lists instead.
    """
    registry = Registry.of(run.lake.settings)
    served = serving(run, registry)
    settings = load_serve_settings(shop_mapping(args.shop).history_length)
    behaviour = read_behaviour(run, args.as_of)
    now = behaviour.as_of

    def make(read: Read) -> DataFrame:
        items = read("gold.item_features").where(F.col("as_of") == F.lit(now))
        supply = in_supply(items, read(PLAN), now, settings.exclude_short_days)
        catalogue = load_catalogue(supply)
        index = items.select("product_id", "item_index")
        cut = Cut(0, now, now, "test")
        past = seen(behaviour.interactions, cut_table(run.lake.spark, [cut]))
        people = read("silver.people").withColumn("group", F.coalesce("segment", "country"))
        lists = history_arrays(settings.histories, settings.exclude_recent_days)
        histories = touched_items(past, index).select("person_key", *lists)
        popular = recent_popularity(read("silver.orders"), people, "group", now)
        snapshot = item_snapshots(behaviour.interactions, index, [cut])
        return Served(run, registry, served, settings, TARGET).lists(
            everyone(histories, people),
            catalogue,
            lambda version: registry.load(version).scorer(*scorer_inputs(items, snapshot)),
            as_of=now,
            items=items,
            popular=popular,
            fair=fair_to_brands(catalogue, read("silver.products"), settings),
        )

    run.build(TARGET, make, inputs=SOURCES, params=[now, served, settings], pinned=behaviour.pinned)


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, score)


if __name__ == "__main__":
    main()
