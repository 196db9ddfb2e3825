"""Grain: one record as the built-in shop sends it, while its people see recommendations."""

from __future__ import annotations

import argparse
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.errors import ShoplakeError
from shoplake.governance.run import Run
from shoplake.ingest.shop import respond
from shoplake.ingest.shop.config import day_text
from shoplake.refine.identify import resolve_people, with_identity
from shoplake.refine.pseudonym import Secret
from shoplake.runtime.console import Clock, say
from shoplake.runtime.key import pseudonym_key
from shoplake.steps import job_parser, run_job, shop_config, shop_options


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = shop_options(job_parser("respond", __doc__))
    options.add_argument(
        "--first-day", type=int, help="default: the day after conf/shop.yml's days"
    )
    options.set_defaults(days=14)
    return options


def react(run: Run, args: argparse.Namespace) -> None:
    """Show the recommendations made for the first day's morning, and write what people do."""
    clock = Clock()
    config = shop_config(args)
    first = config.days if args.first_day is None else args.first_day
    lists = addressed(run, day_text(first), args.shop)
    out = Path(args.data or run.lake.settings.root)
    made = respond(run.lake.spark, config, lists, out, first, first + args.days - 1)
    say(run.step, f"{made} [dim]{clock.seconds:.1f} s[/]")


def addressed(run: Run, morning: str, shop: str) -> DataFrame:
    """The lists as the shop can show them: person_id, product_id, rank, model_version, request_id.

    Raises:
        ShoplakeError: nothing was recommended for that morning.
    """
    lake = run.lake
    shown = lake.read("gold.recommendations").where(
        F.col("as_of") == F.lit(morning).cast("timestamp")
    )
    if shown.isEmpty():
        raise ShoplakeError(
            f"there are no recommendations as of {morning}",
            where="gold.recommendations",
            remedy="run the steps up to score on the days before it first",
        )
    people = lake.read("bronze.people").where(F.col("_source") == shop)
    people = people.select("person_id", F.col("_source").alias("shop")).distinct()
    key = Secret(pseudonym_key(lake.settings, lake.spark))
    known = resolve_people(with_identity(people, key), lake.read("silver.identities"))
    one = known.groupBy("person_key").agg(F.min("person_id").alias("person_id"))
    return shown.join(one, "person_key").select(
        "person_id",
        F.substring_index("product_id", ":", -1).alias("product_id"),
        "rank",
        "model_version",
        F.sha2(F.concat_ws("|", "person_key", "as_of"), 256).substr(1, 16).alias("request_id"),
    )


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, react)


if __name__ == "__main__":
    main()
