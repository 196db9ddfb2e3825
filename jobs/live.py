"""Grain: one row per person and rank, in gold.live_recommendations, where a list is outdated."""

from __future__ import annotations

import argparse

from pyspark.sql import functions as F

from shoplake.evaluate.retraining.settings import load_retrain_settings
from shoplake.governance.run import Run
from shoplake.ingest.check import shop_mapping
from shoplake.models.tracking import Registry
from shoplake.runtime.console import say
from shoplake.serve.canary import sides
from shoplake.serve.live_lists import BATCH, LIVE, SOURCES, LiveLists
from shoplake.serve.settings import load_serve_settings
from shoplake.steps import job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return job_parser("live", __doc__)


def live(run: Run, args: argparse.Namespace) -> None:
    """Fresh lists for whoever did something since the batch, or was promised what is gone."""
    batch = run.lake.read(BATCH).agg(F.max("as_of")).first() if run.lake.exists(BATCH) else None
    if batch is None or batch[0] is None:
        say(run.step, f"{BATCH} is empty: `score` comes first")
        return
    registry = Registry.of(run.lake.settings)
    share = load_retrain_settings().canary.share
    serving = sides(registry.champion(), registry.challenger(), share)
    settings = load_serve_settings(shop_mapping(args.shop).history_length)
    lists = LiveLists(run, registry, serving, settings, batch[0])
    run.build(LIVE, lists.make, inputs=SOURCES, params=[serving, settings])


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, live)


if __name__ == "__main__":
    main()
