"""`shoplake check`: are mapping, contracts and policies valid? No Spark is started."""

from __future__ import annotations

import argparse
from typing import Any

from shoplake.contracts.book import check_contracts
from shoplake.runtime.console import console
from shoplake.runtime.settings import conf_dir


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    check = commands.add_parser(
        "check", help="are a shop's mapping, the contracts and the policies valid?"
    )
    check.add_argument("shop", nargs="?", help="conf/sources/<SHOP>.yml, or a YAML file")
    check.set_defaults(run=_check)


def _check(args: argparse.Namespace) -> None:
    from shoplake.contracts.book import ContractBook
    from shoplake.governance.policies.load import check_policies
    from shoplake.ingest.check import check_shop

    contracts, problems = check_contracts(conf_dir() / "contracts")
    _, wrong = check_policies(conf_dir() / "policies.yml", ContractBook(contracts))
    problems = [*problems, *wrong]
    if args.shop:
        problems = [*problems, *check_shop(args.shop, conf_dir())]
    for problem in problems:
        console.print(str(problem), markup=False)
    if problems:
        raise SystemExit(1)
    console.print(
        f"{len(contracts)} contracts" + (f", shop {args.shop}" if args.shop else ""), "ok"
    )
