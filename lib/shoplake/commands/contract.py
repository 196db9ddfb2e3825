"""`shoplake contract diff`: what changed between two contracts, whom it breaks, which version."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console
from shoplake.runtime.settings import conf_dir

if TYPE_CHECKING:
    from shoplake.contracts.model import Contract


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    contract = commands.add_parser("contract", help="compare versions of a contract")
    actions = contract.add_subparsers(required=True, metavar="ACTION")
    diff = actions.add_parser(
        "diff", help="breaking and compatible changes; exit status 1 if refused"
    )
    diff.add_argument("old", metavar="OLD|TABLE", help="a contract file, or a table of the lake")
    diff.add_argument("new", nargs="?", metavar="NEW", help="a file (TABLE: the contract in conf/)")
    diff.add_argument("--json", action="store_true")
    lake_options(diff).set_defaults(run=_diff)


def _diff(args: argparse.Namespace) -> None:
    from shoplake.contracts.diff import diff
    from shoplake.contracts.semver import step_for, version_problem

    old, new = _both(args)
    changes = diff(old, new)
    step = step_for(changes)
    problem = version_problem(old.version, new.version, changes)
    if args.json:
        found = {
            "table": new.table,
            "old": old.version,
            "new": new.version,
            "asks_for": step,
            "problem": problem,
            "changes": [c.as_dict() for c in changes],
        }
        print(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        title = f"{new.table} {old.version} -> {new.version}"
        if changes:
            print_rows(
                [
                    {
                        "kind": c.kind,
                        "clause": c.clause,
                        "change": c.message,
                        "breaks": ", ".join(c.breaks),
                        "where": c.where.removeprefix(f"{Path.cwd()}/"),
                    }
                    for c in changes
                ],
                title,
            )
        else:
            console.print(f"{title}: no clause differs", markup=False)
        console.print(problem or "the version says so", style="red" if problem else "green")
    if problem:
        raise SystemExit(1)


def _both(args: argparse.Namespace) -> tuple[Contract, Contract]:
    from shoplake.contracts.book import load_contracts

    if args.new is not None:
        return _file(args.old), _file(args.new)
    if Path(args.old).exists():
        raise ShoplakeError("compare it with what?", remedy="contract diff OLD NEW")
    from shoplake.governance.versions import recorded_contract

    new = load_contracts(conf_dir() / "contracts")[args.old]
    return recorded_contract(settings_of(args), args.old), new


def _file(path: str) -> Contract:
    from shoplake.contracts.parse import load_contract

    if not Path(path).is_file():
        raise ShoplakeError("no such contract file", where=path)
    return load_contract(Path(path))
