"""All contracts of a lake together, and what can only be checked across them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from shoplake.contracts.clauses import Lines, Problem
from shoplake.contracts.model import Contract
from shoplake.contracts.parse import parse_contract
from shoplake.errors import ContractError


class ContractBook:
    """Contracts by table name."""

    def __init__(self, contracts: dict[str, Contract]) -> None:
        self._contracts = contracts

    def __getitem__(self, table: str) -> Contract:
        try:
            return self._contracts[table]
        except KeyError:
            raise ContractError(
                f"no contract for table {table}",
                remedy=f"add conf/contracts/{table.replace('.', '/')}.yml",
            ) from None

    def get(self, table: str) -> Contract | None:
        """The table's contract, or None."""
        return self._contracts.get(table)

    def __iter__(self) -> Iterator[Contract]:
        return iter(self._contracts.values())

    def __len__(self) -> int:
        return len(self._contracts)


def check_contracts(folder: Path) -> tuple[dict[str, Contract], list[Problem]]:
    """Read `folder/<layer>/<table>.yml`; returns the valid contracts and every problem."""
    contracts: dict[str, Contract] = {}
    problems: list[Problem] = []
    for path in sorted(folder.glob("*/*.yml")):
        contract, found = parse_contract(path)
        problems += found
        if contract is None:
            continue
        if contract.status not in ("active", "deprecated"):
            line = Lines(path.read_text(encoding="utf-8")).of(("status",))
            message = (
                f"{contract.status}: review it and write active, or take it out of this folder"
            )
            problems.append(Problem(str(path), line, "status", message))
        if not contract.owners:
            message = "nobody owns this table: name a member whose role is owner"
            problems.append(Problem(str(path), 1, "team", message))
        expected = f"{path.parent.name}.{path.stem}"
        if contract.table != expected:
            problems.append(
                Problem(str(path), 1, "schema[0].physicalName", f"expected {expected} by its place")
            )
        contracts[contract.table] = contract
    for contract in contracts.values():
        for rule in contract.rules:
            if rule.reference is None:
                continue
            table, *columns = rule.reference
            known = contracts[table].column_names if table in contracts else None
            problems += [
                Problem(contract.source, 1, rule.name, f"refers to unknown {name}")
                for name, found in [
                    (table, known is not None),
                    *((f"{table}.{c}", c in (known or ())) for c in columns),
                ]
                if not found
            ]
    return contracts, problems


def load_contracts(folder: Path) -> ContractBook:
    """All contracts below `folder`.

    Raises:
        ContractError: listing every problem of every file.
    """
    contracts, problems = check_contracts(folder)
    if problems:
        raise ContractError(
            f"{len(problems)} problem(s) in the contracts",
            where="\n         ".join(map(str, problems)),
        )
    return ContractBook(contracts)
