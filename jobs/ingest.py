"""Grain: one row per record the shop sent, in bronze.<entity>; one per file in governance.files."""

from __future__ import annotations

import argparse

from shoplake.governance.run import Run
from shoplake.ingest.check import shop_mapping
from shoplake.ingest.landing import land
from shoplake.steps import job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = job_parser("ingest", __doc__)
    options.add_argument("--data", required=True, help="the shop's folder")
    options.add_argument(
        "--before",
        metavar="YYYY-MM-DD",
        help="leave files with this date or a later one in their name",
    )
    return options


def ingest(run: Run, args: argparse.Namespace) -> None:
    """Take every new file of the shop's folder into bronze, each once."""
    mapping = shop_mapping(args.shop)
    land(run, mapping, args.data, before=args.before)


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, ingest)


if __name__ == "__main__":
    main()
