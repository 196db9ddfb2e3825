"""Options and output that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console
from shoplake.runtime.settings import Settings, load


def lake_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds `--env` and `--lake`: where the lake is."""
    parser.add_argument("--env", default="local", help="conf/env/<ENV>.yml, or a YAML file")
    parser.add_argument("--lake", help="folder of the lake (default: the environment's)")
    return parser


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that a command line with `lake_options` asks for."""
    return load(args.env, lake=args.lake)


def need_top(top: int) -> None:
    """Raises ShoplakeError when `--top` asks for nothing."""
    if top < 1:
        raise ShoplakeError(f"--top is {top}", remedy="ask for 1 or more")


def print_rows(rows: Sequence[Mapping[str, Any]], title: str | None = None) -> None:
    """Rows as a table on the screen; nulls are empty."""
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ["(no rows)"]:
        table.add_column(name, overflow="fold")  # An id that is cut short is no id.
    for row in rows:
        table.add_row(*["" if v is None else str(v) for v in row.values()])
    console.print(table)
