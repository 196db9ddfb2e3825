"""Grain: one row per person and rank, in gold.live_recommendations, where a list is outdated."""

from __future__ import annotations

import argparse

from shoplake.evaluate.retraining.serving import serving
from shoplake.governance.run import Run
from shoplake.ingest.check import shop_mapping
from shoplake.models.tracking import Registry
from shoplake.refine.pseudonym import Secret, key_id
from shoplake.refine.settings import RefineSettings
from shoplake.runtime.console import say
from shoplake.runtime.key import pseudonym_key
from shoplake.serve.live_lists import BATCH, LIVE, SOURCES, LiveLists, newest_batch
from shoplake.serve.settings import load_serve_settings
from shoplake.steps import job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return job_parser("live", __doc__)


def live(run: Run, args: argparse.Namespace) -> None:
    """Fresh lists for whoever did something since the batch, or was promised what is gone."""
    since = newest_batch(run.lake)
    if since is None:
        say(run.step, f"{BATCH} is empty: `score` comes first")
        return
    registry = Registry.of(run.lake.settings)
    served = serving(run, registry)
    settings = load_serve_settings(shop_mapping(args.shop).history_length)
    key = Secret(pseudonym_key(run.lake.settings, run.lake.spark))
    cleaning = RefineSettings(key)
    lists = LiveLists(run, registry, served, settings, cleaning, since)
    params = [served, settings, repr(cleaning), key_id(key)]
    run.build(LIVE, lists.make, inputs=SOURCES, params=params, few=True)


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, live)


if __name__ == "__main__":
    main()
