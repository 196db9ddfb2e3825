"""`shoplake personal scan`: which columns look personal, and are they classified so? No Spark."""

from __future__ import annotations

import argparse
import json
from typing import Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.contracts.book import load_contracts
from shoplake.runtime.settings import conf_dir


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    personal = commands.add_parser("personal", help="personal data: where is it?")
    actions = personal.add_subparsers(required=True, metavar="ACTION")
    scan = actions.add_parser("scan", help="columns that look personal, and their classification")
    scan.add_argument("table", nargs="?", help="one table (default: all)")
    scan.add_argument("--sample", type=int, default=2000, help="rows looked at in a table")
    scan.add_argument("--json", action="store_true")
    lake_options(scan).set_defaults(run=_scan)


def _scan(args: argparse.Namespace) -> None:
    from shoplake.governance.personal.scan import scan

    contracts = load_contracts(conf_dir() / "contracts")
    found = scan(settings_of(args), contracts, args.table, sample=args.sample)
    rows = [finding.as_dict() for finding in found]
    if args.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        print_rows(rows, "columns that look personal")
    if any(finding.verdict == "warn" for finding in found):
        raise SystemExit(1)
