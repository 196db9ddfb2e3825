"""`shoplake sql`: an analyst's query, answered without Spark."""

from __future__ import annotations

import argparse
from typing import Any

from shoplake.commands.options import lake_options, print_rows, settings_of


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    sql = commands.add_parser("sql", help='answer "select ... from gold.interest" without Spark')
    sql.add_argument("query")
    sql.add_argument("--format", choices=("table", "csv", "json"), default="table")
    lake_options(sql).set_defaults(run=_sql)


def _sql(args: argparse.Namespace) -> None:
    from shoplake.runtime.sql import query, render

    rows = query(settings_of(args), args.query)
    if args.format == "table":
        print_rows(rows)
    else:
        print(render(rows, args.format))
