"""`shoplake run`: the whole loop, raw data to recommendations, two cycles."""

from __future__ import annotations

import argparse
from typing import Any

from shoplake.steps import STEPS


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    run = commands.add_parser("run", help="the whole loop: raw data to recommendations, two cycles")
    run.add_argument("--env", default="local", help="conf/env/<ENV>.yml, or a YAML file")
    run.add_argument("--shop", default="builtin", help="conf/sources/<SHOP>.yml, or a YAML file")
    run.add_argument("--data", help="the shop's folder (the built-in shop makes its own)")
    run.add_argument("--lake", help="folder of the lake (default: the environment's)")
    run.add_argument(
        "--until", choices=STEPS, help="stop after this step, the first time it is done"
    )
    run.add_argument(
        "--applications",
        action=argparse.BooleanOptionalAction,
        help="after the last cycle also neighbours, search rankings, demand, audiences,"
        " descriptions and answers (default: of the built-in shop; minutes more)",
    )
    run.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from shoplake.loop import run_loop

    run_loop(
        args.env,
        args.shop,
        data=args.data,
        lake=args.lake,
        until=args.until,
        applications=args.applications,
    )
