"""`shoplake check`: are mapping, contracts and policies valid? No Spark is started."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from shoplake.commands.options import print_rows
from shoplake.contracts.book import check_contracts
from shoplake.contracts.model import Contract
from shoplake.runtime.console import console
from shoplake.runtime.settings import conf_dir


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    check = commands.add_parser(
        "check", help="are a shop's mapping, the contracts and the policies valid?"
    )
    check.add_argument("shop", nargs="?", help="conf/sources/<SHOP>.yml, or a YAML file")
    check.add_argument("--clauses", action="store_true", help="what each contract enforces")
    check.set_defaults(run=_check)


def _check(args: argparse.Namespace) -> None:
    from shoplake.contracts.book import ContractBook
    from shoplake.governance.policies.load import check_policies
    from shoplake.ingest.check import check_shop, hints, shop_mapping

    contracts, problems = check_contracts(conf_dir() / "contracts")
    _, wrong = check_policies(conf_dir() / "policies.yml", ContractBook(contracts))
    problems = [*problems, *wrong]
    if args.shop:
        problems = [*problems, *check_shop(args.shop, conf_dir())]
    for problem in problems:
        console.print(str(problem), markup=False)
    if problems:
        raise SystemExit(1)
    for hint in hints(shop_mapping(args.shop)) if args.shop else ():
        console.print(f"hint: {hint}", markup=False)
    if args.clauses:
        print_rows([_clauses(contract) for contract in contracts.values()])
    console.print(
        f"{len(contracts)} contracts" + (f", shop {args.shop}" if args.shop else ""), "ok"
    )


def _clauses(contract: Contract) -> dict[str, object]:
    """What a contract enforces, in numbers."""
    breaches = Counter(rule.on_breach for rule in contract.rules)
    levels = Counter(column.classification for column in contract.columns)
    return {
        "table": contract.table,
        "version": contract.version,
        "columns": len(contract.columns),
        "required": sum(c.required for c in contract.columns),
        "key": ", ".join(contract.key),
        "hold/stop/warn": "/".join(str(breaches[b]) for b in ("quarantine", "stop", "warn")),
        "personal": levels["personal"] + levels["pseudonym"],
        "fresh within": contract.freshness or "",
        "written": "appended"
        if contract.append_only
        else f"by {', '.join(contract.slice_by)}"
        if contract.slice_by
        else "whole",
    }
