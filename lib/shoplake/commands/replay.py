"""`shoplake replay`: a shop's files as a live stream into its topics, paced by their own time."""

from __future__ import annotations

import argparse
from typing import Any

from shoplake.commands.options import lake_options, settings_of
from shoplake.steps import start


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    parser = lake_options(
        commands.add_parser("replay", help="a shop's files as a live stream into Kafka")
    )
    parser.add_argument("--shop", required=True, help="conf/sources/<SHOP>.yml, or a YAML file")
    parser.add_argument("--data", help="the shop's folder (default: the lake's raw/)")
    parser.add_argument("--kafka", metavar="HOST:PORT", help="default: the environment's")
    parser.add_argument(
        "--speed", type=float, default=1000.0,
        help="seconds of the shop's time in one of ours; 0: all at once (default: 1000)",
    )  # fmt: skip
    parser.add_argument(
        "--before", metavar="YYYY-MM-DD", help="leave files with this date or a later one"
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from shoplake.ingest.check import shop_mapping
    from shoplake.ingest.stream.replay import replay
    from shoplake.runtime.kafka import kafka_options

    run = start("replay", settings_of(args))
    lake = run.lake
    options = kafka_options(lake.spark, lake.settings, args.kafka)
    mapping = shop_mapping(args.shop)
    data = args.data or str(lake.settings.root / "raw")
    replay(lake, mapping, data, options, speed=args.speed, before=args.before)
