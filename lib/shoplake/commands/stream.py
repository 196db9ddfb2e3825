"""`shoplake stream`: a shop's Kafka topics into bronze and silver, as messages come."""

from __future__ import annotations

import argparse
from typing import Any

from shoplake.commands.options import lake_options, settings_of
from shoplake.steps import start, stream_options


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    parser = lake_options(
        commands.add_parser("stream", help="Kafka topics to bronze and silver, as messages come")
    )
    parser.add_argument("--shop", required=True, help="conf/sources/<SHOP>.yml, or a YAML file")
    stream_options(parser).set_defaults(run=_run, step="stream")


def _run(args: argparse.Namespace) -> None:
    from shoplake_jobs.stream import stream

    stream(start(args.step, settings_of(args)), args)
