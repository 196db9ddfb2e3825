"""The `shoplake` command: the jobs by name, the whole loop, and quick looks without Spark."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.table import Table

from shoplake import __version__
from shoplake.contracts.book import check_contracts, load_contracts
from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console
from shoplake.runtime.settings import conf_dir, load
from shoplake.steps import STEPS, job, quiet


def main(argv: list[str] | None = None) -> None:
    """Entry point.

    Raises:
        SystemExit: status 1 with the error printed, 2 for a wrong command line.
    """
    argv = sys.argv[1:] if argv is None else argv
    quiet()
    try:
        if argv[:1] == ["step"]:
            _step(argv[1:])
            return
        args = parser().parse_args(argv)
        args.run(args)
    except ShoplakeError as error:
        console.print("[bold red]error:[/] ", end="")
        console.print(str(error), markup=False)
        raise SystemExit(1) from None
    except BrokenPipeError:
        sys.stderr.close()


def parser() -> argparse.ArgumentParser:
    """The command line of everything but `step`, whose options are the job's own."""
    top = argparse.ArgumentParser(prog="shoplake", description=__doc__.splitlines()[0])
    top.add_argument("--version", action="version", version=__version__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="the whole loop: raw data to recommendations, two cycles")
    run.add_argument("--env", default="local", help="conf/env/<ENV>.yml, or a YAML file")
    run.add_argument("--shop", default="builtin", help="conf/sources/<SHOP>.yml, or a YAML file")
    run.add_argument("--data", help="the shop's folder (the built-in shop makes its own)")
    run.add_argument("--lake", help="folder of the lake (default: the environment's)")
    run.add_argument("--until", choices=STEPS, help="stop after this step of the first cycle")
    run.set_defaults(run=_run)

    commands.add_parser(
        "step", help=f"one step with its own options: {', '.join(STEPS)}", add_help=False
    )

    check = commands.add_parser("check", help="are a shop's mapping and the contracts valid?")
    check.add_argument("shop", nargs="?", help="conf/sources/<SHOP>.yml, or a YAML file")
    check.set_defaults(run=_check)

    status = commands.add_parser("status", help="each table: rows, version, last run, verdict")
    status.add_argument("--json", action="store_true")
    status.set_defaults(run=_status)

    sql = commands.add_parser("sql", help='answer "select ... from gold.interest" without Spark')
    sql.add_argument("query")
    sql.add_argument("--format", choices=("table", "csv", "json"), default="table")
    sql.set_defaults(run=_sql)
    for command in (status, sql):
        command.add_argument("--env", default="local", help="conf/env/<ENV>.yml, or a YAML file")
        command.add_argument("--lake", help="folder of the lake (default: the environment's)")
    return top


def _run(args: argparse.Namespace) -> None:
    from shoplake.loop import run_loop

    run_loop(args.env, args.shop, data=args.data, lake=args.lake, until=args.until)


def _step(argv: list[str]) -> None:
    if not argv or argv[0].startswith("-"):
        raise ShoplakeError("which step?", remedy=f"shoplake step NAME ..., of {', '.join(STEPS)}")
    job(argv[0])(argv[1:])


def _check(args: argparse.Namespace) -> None:
    from shoplake.ingest.check import check_shop

    contracts, problems = check_contracts(conf_dir() / "contracts")
    if args.shop:
        problems = [*problems, *check_shop(args.shop, conf_dir())]
    for problem in problems:
        console.print(str(problem), markup=False)
    if problems:
        raise SystemExit(1)
    console.print(
        f"{len(contracts)} contracts" + (f", shop {args.shop}" if args.shop else ""), "ok"
    )


def _status(args: argparse.Namespace) -> None:
    from shoplake.governance.status import table_statuses

    settings = load(args.env, lake=args.lake)
    found = table_statuses(settings, load_contracts(conf_dir() / "contracts"))
    if args.json:
        print(json.dumps([s.as_dict() for s in found], indent=2))
        return
    table = Table(title=str(Path(settings.lake)), title_justify="left")
    for name in ("table", "rows", "version", "held", "duplicates", "verdict", "last run", "fresh"):
        table.add_column(
            name, justify="right" if name in ("rows", "held", "duplicates") else "left"
        )
    for s in found:
        numbers = (f"{s.held:,}", f"{s.duplicates:,}", s.verdict, s.finished_at or "", s.freshness)
        table.add_row(s.table, f"{s.rows:,}", str(s.version), *numbers)
    console.print(table)


def _sql(args: argparse.Namespace) -> None:
    from shoplake.runtime.sql import query, render

    rows = query(load(args.env, lake=args.lake), args.query)
    if args.format != "table":
        print(render(rows, args.format))
        return
    table = Table()
    for name in rows[0] if rows else ["(no rows)"]:
        table.add_column(name)
    for row in rows:
        table.add_row(*["" if v is None else str(v) for v in row.values()])
    console.print(table)


if __name__ == "__main__":
    main()
