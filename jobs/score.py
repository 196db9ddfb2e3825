"""Grain: one row per person and rank as of the data's end, in gold.recommendations."""

from __future__ import annotations

import argparse

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.features.behaviour import TABLES, read_behaviour
from shoplake.features.histories import Cut, cut_table, history_arrays, seen, touched_items
from shoplake.features.training import item_snapshots
from shoplake.governance.run import Read, Run
from shoplake.ingest.check import shop_mapping
from shoplake.models.tracking import Registry
from shoplake.serve.batch import recommend
from shoplake.serve.catalogue import load_catalogue, scorer_inputs
from shoplake.serve.fairness import fair_to_brands
from shoplake.serve.fallback import build_fallback, recent_popularity
from shoplake.serve.parents import tell_parents
from shoplake.serve.people import everyone
from shoplake.serve.personal import PersonalFrequencyScorer
from shoplake.serve.scorer import Scorer
from shoplake.serve.settings import load_serve_settings
from shoplake.serve.stock import PLAN, in_supply
from shoplake.steps import as_of_option, job_parser, run_job

SOURCES = (*TABLES, "silver.people", "silver.products", "gold.item_features", PLAN)


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return as_of_option(job_parser("score", __doc__))


def score(run: Run, args: argparse.Namespace) -> None:
    """The champion's top-k for everyone; personal frequency while no model has beaten it."""
    registry = Registry.of(run.lake.settings)
    version = registry.champion()
    settings = load_serve_settings(shop_mapping(args.shop).history_length)
    seen_until = read_behaviour(run, args.as_of)
    now = seen_until.as_of

    def make(read: Read) -> DataFrame:
        items = read("gold.item_features").where(F.col("as_of") == F.lit(now))
        supply = in_supply(items, read(PLAN), now, settings.exclude_short_days)
        catalogue = load_catalogue(supply)
        index = items.select("product_id", "item_index")
        cut = Cut(0, now, now, "test")
        past = seen(seen_until.interactions, cut_table(run.lake.spark, [cut]))
        people = read("silver.people").withColumn("group", F.coalesce("segment", "country"))
        scorer: Scorer = PersonalFrequencyScorer(catalogue.popularity)
        if version is not None:
            snapshot = item_snapshots(seen_until.interactions, index, [cut])
            scorer = registry.load(version).scorer(*scorer_inputs(items, snapshot))
        lists = history_arrays(settings.history_length)
        histories = touched_items(past, index).select("person_key", *lists)
        popular = recent_popularity(read("silver.orders"), people, "group", now)
        tell_parents(run, f"{registry.name}/{version}" if version else None, items, popular)
        return recommend(
            everyone(histories, people),
            *(scorer, catalogue, build_fallback(catalogue, settings, popular), settings),
            as_of=now,
            model_name=registry.name if version else "personal_frequency",
            model_version=version or "0",
            fair=fair_to_brands(catalogue, read("silver.products"), settings),
        )

    run.build("gold.recommendations", make, inputs=SOURCES, params=[now, version, settings])


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, score)


if __name__ == "__main__":
    main()
