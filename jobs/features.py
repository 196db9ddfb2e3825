"""Grain: one row per person, product and text, in gold.user_profiles, item_features and texts."""

from __future__ import annotations

import argparse
from contextlib import ExitStack

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
    with run.lake.held(seen.interactions) as interactions:
        run.build(
            "gold.item_features",
            lambda read: item_features(
                interactions,
                read("silver.products"),
                item_index(interactions, seen.as_of),
                seen.as_of,
            ),
            inputs=(*TABLES, "silver.products"),
            params=[seen.as_of],
        )
        told = ("gold.interest", "silver.products", "silver.people")
        with ExitStack() as memory:

            def profiles(read: Read) -> DataFrame:
                interest, products, people = map(read, told)
                facts = person_facts(
                    *(interactions, interest, products, people, seen.as_of),
                    history_length=length,
                    zone=zone,
                )
                return profiles_of(memory.enter_context(run.lake.held(facts)), seen.as_of)

            run.build(
                "gold.user_profiles",
                profiles,
                inputs=(*TABLES, *told),
                params=[seen.as_of, length, zone],
            )
    kinds = ("products", "searches", "reviews", "messages")
    run.build(
        "gold.texts",
        lambda read: texts(**{kind: read(f"silver.{kind}") for kind in kinds}),
        inputs=[f"silver.{kind}" for kind in kinds],
    )


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, features)


if __name__ == "__main__":
    main()
