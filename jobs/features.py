"""Grain: one row per person, product and text, in gold.user_profiles, item_features and texts."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from functools import partial

from pyspark.sql import DataFrame

from shoplake.features.behaviour import TABLES, read_behaviour
from shoplake.features.items import item_features, item_index
from shoplake.features.profiles import person_facts, profiles_of
from shoplake.features.texts import texts
from shoplake.governance.run import Read, Run
from shoplake.ingest.check import shop_mapping
from shoplake.steps import as_of_option, job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return as_of_option(job_parser("features", __doc__))


def features(run: Run, args: argparse.Namespace) -> None:
    """What is known of people and products as of the data's end, and the shop's texts."""
    mapping = shop_mapping(args.shop)
    length, zone = mapping.history_length, mapping.timezone
    seen = read_behaviour(run, args.as_of)
    kinds = ("products", "searches", "reviews", "messages")
    told = ("gold.interest", "silver.products", "silver.people")
    with run.lake.held(seen.interactions) as interactions, ExitStack() as memory:

        def items(read: Read) -> DataFrame:
            index = item_index(interactions, seen.as_of)
            return item_features(interactions, read("silver.products"), index, seen.as_of)

        def profiles(read: Read) -> DataFrame:
            interest, products, people = map(read, told)
            facts = person_facts(
                *(interactions, interest, products, people, seen.as_of),
                history_length=length,
                zone=zone,
            )
            return profiles_of(memory.enter_context(run.lake.held(facts)), seen.as_of)

        def words(read: Read) -> DataFrame:
            return texts(**{kind: read(f"silver.{kind}") for kind in kinds})

        tables = {
            "gold.item_features": (items, (*TABLES, "silver.products"), [seen.as_of]),
            "gold.user_profiles": (profiles, (*TABLES, *told), [seen.as_of, length, zone]),
            "gold.texts": (words, [f"silver.{kind}" for kind in kinds], None),
        }
        run.together(
            {
                table: partial(
                    run.build, table, make, inputs=inputs, params=params, pinned=seen.pinned
                )
                for table, (make, inputs, params) in tables.items()
            }
        )


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, features)


if __name__ == "__main__":
    main()
