"""The `shoplake` command: the jobs by name, the whole loop, and quick looks without Spark."""

from __future__ import annotations

import argparse
import sys

from shoplake import __version__
from shoplake.commands import (
    ask,
    audience,
    catalog,
    check,
    contract,
    describe,
    erase,
    evaluate,
    label,
    lineage,
    loop,
    personal,
    policies,
    profile,
    profile_of,
    quarantine,
    replay,
    retention,
    rotate,
    run,
    search,
    similar,
    sql,
    status,
    stock,
    stream,
)
from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console
from shoplake.steps import JOBS, job, quiet

#: In the order of the help text.
COMMANDS = (
    run,
    loop,
    stream,
    replay,
    check,
    profile,
    contract,
    status,
    sql,
    quarantine,
    policies,
    personal,
    rotate,
    lineage,
    erase,
    retention,
    catalog,
    evaluate,
    search,
    label,
    similar,
    ask,
    describe,
    stock,
    audience,
    profile_of,
)


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
    commands.add_parser(
        "step", help=f"one step with its own options: {', '.join(JOBS)}", add_help=False
    )
    for command in COMMANDS:
        command.add(commands)
    return top


def _step(argv: list[str]) -> None:
    if not argv or argv[0].startswith("-"):
        raise ShoplakeError("which step?", remedy=f"shoplake step NAME ..., of {', '.join(JOBS)}")
    job(argv[0])(argv[1:])


if __name__ == "__main__":
    main()
