"""`shoplake policies`: what each role may see, and the same as Unity Catalog's SQL."""

from __future__ import annotations

import argparse
from typing import Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.governance.policies.model import Generalise, Mask, Partial, Policies
from shoplake.runtime.settings import conf_dir


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    policies = commands.add_parser("policies", help="what each role may see; --unity: as SQL")
    policies.add_argument("tables", nargs="*", metavar="TABLE", help="only these (default: all)")
    policies.add_argument("--role", help="column by column, what this role sees")
    policies.add_argument("--unity", action="store_true", help="print Unity Catalog's statements")
    lake_options(policies).set_defaults(run=_policies)


def _policies(args: argparse.Namespace) -> None:
    from shoplake.governance.policies.load import load_policies
    from shoplake.governance.policies.unity import Unity

    book = load_contracts(conf_dir() / "contracts")
    policies = load_policies(conf_dir() / "policies.yml", book)
    if args.unity:
        for statement in Unity(settings_of(args), policies, book).statements(args.tables):
            print(f"{statement};")
    elif args.role:
        print_rows(_columns(policies, book, args.role, args.tables))
    else:
        print_rows(_summary(policies, book))


def _summary(policies: Policies, book: ContractBook) -> list[dict[str, Any]]:
    from shoplake.governance.policies.decide import readable

    return [
        {
            "role": name,
            "reads": f"{len(readable(policies, book, name))} tables",
            "smallest group": role.smallest_group,
            **{c: shown(m) for c, m in _classes(role.classes).items()},
            "who": role.description,
        }
        for name, role in policies.roles.items()
    ]


def _classes(given: dict[Any, Mask]) -> dict[str, Mask]:
    return {c: given.get(c) for c in ("public", "internal", "pseudonym", "personal")}


def _columns(
    policies: Policies, book: ContractBook, role: str, tables: list[str]
) -> list[dict[str, Any]]:
    from shoplake.governance.policies.decide import readable, view

    rows = []
    for table in tables or readable(policies, book, role):
        seen = view(policies, book, role, table)
        for column in seen.contract.columns:
            rows.append(
                {
                    "table": table,
                    "column": column.name,
                    "classification": column.classification,
                    "sees": shown(seen.masks[column.name]),
                    "rows": seen.where or "all",
                    "smallest group": seen.smallest_group,
                }
            )
    return rows


def shown(mask: Mask) -> str:
    """A mask in a few words."""
    if isinstance(mask, Partial):
        return f"first {mask.partial.first}, last {mask.partial.last} characters"
    if isinstance(mask, Generalise):
        step = mask.generalise.step
        return mask.generalise.to or f"in steps of {step:g}"
    return mask or "null"
