"""Grain: one record as the built-in shop sends it, in files of a day; the planted dirt, aside."""

from __future__ import annotations

import argparse
from pathlib import Path

from shoplake.governance.run import Run
from shoplake.ingest.shop import simulate
from shoplake.runtime.console import Clock, say
from shoplake.steps import job_parser, run_job, shop_config, shop_options


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = shop_options(job_parser("simulate", __doc__))
    options.add_argument("--first-day", type=int, default=0, help="0 is 2026-01-05")
    return options


def make_days(run: Run, args: argparse.Namespace) -> None:
    """Write what the shop sends on the asked days; days that are there already are not touched."""
    clock = Clock()
    config = shop_config(args)
    last = args.first_day + (args.days or config.days) - 1
    out = Path(args.data or run.lake.settings.root)
    made = simulate(run.lake.spark, config, out, args.first_day, last)
    say(run.step, f"{made} [dim]{clock.seconds:.1f} s[/]")


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, make_days)


if __name__ == "__main__":
    main()
