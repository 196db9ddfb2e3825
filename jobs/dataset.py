"""Grain: one row per person, cut and product, in gold.training_examples; popularity at each cut."""

from __future__ import annotations

import argparse
from typing import Any

from pyspark.sql import DataFrame

from shoplake.features.behaviour import TABLES, read_behaviour
from shoplake.features.items import item_index
from shoplake.features.leakage import check_no_peeking
from shoplake.features.settings import load_labels
from shoplake.features.training import item_snapshots, plan_cuts, training_examples
from shoplake.governance.run import Read, Run
from shoplake.ingest.check import shop_mapping
from shoplake.steps import as_of_option, job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return as_of_option(job_parser("dataset", __doc__))


def dataset(run: Run, args: argparse.Namespace) -> None:
    """Cut training and test examples from the past, and check that none of them peeks."""
    mapping = shop_mapping(args.shop)
    horizon, length = mapping.horizon_days, mapping.history_length
    settings = load_labels()
    seen = read_behaviour(run, args.as_of)
    cuts = plan_cuts(seen.first, seen.as_of, horizon, settings.dataset)
    params = [seen.as_of, horizon, length, settings]
    built: dict[str, Any] = {"inputs": TABLES, "params": params, "pinned": seen.pinned}
    held = run.lake.held
    with held(seen.interactions) as interactions:
        index = item_index(interactions, seen.as_of)
        with (
            held(item_snapshots(interactions, index, cuts)) as snapshots,
            held(
                training_examples(
                    interactions, index, snapshots, cuts, settings, history_length=length
                )
            ) as examples,
        ):

            def checked(_: Read) -> DataFrame:
                check_no_peeking(
                    examples,
                    snapshots,
                    interactions,
                    index,
                    as_of=seen.as_of,
                    horizon_days=horizon,
                    settings=settings.interest,
                )
                return examples

            run.build("gold.item_snapshots", lambda _: snapshots, **built)
            run.build("gold.training_examples", checked, **built)


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, dataset)


if __name__ == "__main__":
    main()
