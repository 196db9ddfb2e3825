"""`shoplake sql`: an analyst's query, answered without Spark."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.runtime.settings import conf_dir

if TYPE_CHECKING:
    from shoplake.runtime.sql import Answer


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    sql = commands.add_parser("sql", help='answer "select ... from gold.interest" without Spark')
    sql.add_argument("query")
    sql.add_argument("--as", dest="role", help="what this role of conf/policies.yml may see")
    sql.add_argument("--subject", help="person_key of whom the role reads as, if it reads as one")
    sql.add_argument("--format", choices=("table", "csv", "json"), default="table")
    lake_options(sql).set_defaults(run=_sql)


def _sql(args: argparse.Namespace) -> None:
    from shoplake.runtime.sql import render

    rows = _answer(args)
    if args.format == "table":
        print_rows(rows)
    else:
        print(render(rows, args.format))


def _answer(args: argparse.Namespace) -> Answer:
    from shoplake.contracts.book import load_contracts
    from shoplake.errors import PolicyError
    from shoplake.governance.policies.ask import query_as
    from shoplake.governance.policies.load import load_policies
    from shoplake.refine.known import lake_key
    from shoplake.runtime.sql import query

    if args.role is None:
        if args.subject is not None:
            raise PolicyError("--subject belongs to a role", remedy="give --as ROLE as well")
        return query(settings_of(args), args.query)
    book = load_contracts(conf_dir() / "contracts")
    policies = load_policies(conf_dir() / "policies.yml", book)
    return query_as(
        settings_of(args),
        policies,
        book,
        args.role,
        args.query,
        args.subject,
        key=lambda settings: lake_key(settings).reveal(),
    )
