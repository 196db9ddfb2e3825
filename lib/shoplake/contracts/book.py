"""All contracts of a lake together, and what can only be checked across them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from shoplake.contracts.clauses import Lines, Problem
from shoplake.contracts.expressions import (
    check_aggregate,
    check_condition,
    check_value,
    columns_of,
)
from shoplake.contracts.locate import Places
from shoplake.contracts.model import Contract, Rule
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
    problems = _misplaced(folder)
    for path in sorted(folder.glob("*/*.yml")):
        contract, found = parse_contract(path)
        problems += found
        if contract is None:
            continue
        if contract.status not in ("active", "deprecated"):
            line = Lines(path.read_text(encoding="utf-8-sig")).of(("status",))
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
        problems += _across(contract, contracts)
    return contracts, problems


def _misplaced(folder: Path) -> list[Problem]:
    """YAML files that would be no table's contract, and so enforce nothing."""
    message = "not read here: a contract is <layer>/<table>.yml"
    return [
        Problem(str(path), 1, "(file)", message)
        for path in sorted(folder.rglob("*.y*ml"))
        if path.suffix != ".yml" or path.parent.parent != folder
    ]


def _across(contract: Contract, contracts: dict[str, Contract]) -> list[Problem]:
    """What the contract says of other tables that is not so."""
    found = []
    wrong: list[tuple[tuple[str, ...], str]]
    for rule in contract.rules:
        if rule.reference is None:
            continue
        table, *columns = rule.reference
        other = contracts.get(table)
        known = other.column_names if other else ()
        names = [table] if other is None else [f"{table}.{c}" for c in columns if c not in known]
        wrong = [((), f"refers to unknown {name}") for name in names]
        if other is not None:
            wrong += _theirs(rule, {c.name: c.type for c in other.columns})
        places = Places(contract.source) if wrong else Places()
        for below, message in wrong:
            line = places.line(rule.name, "implementation", *below)
            found.append(Problem(contract.source, line, ".".join((rule.name, *below)), message))
    return found


def _theirs(rule: Rule, types: dict[str, str]) -> list[tuple[tuple[str, ...], str]]:
    """What is wrong with SQL over the other table's columns."""
    of_groups = rule.kind == "reconcile"
    checks = (
        ("theirs", rule.theirs, check_aggregate if of_groups else check_value),
        ("theirs_where", rule.theirs_where, check_condition),
    )
    wrong: list[tuple[tuple[str, ...], str]] = []
    for key, text, check in checks:
        try:
            if text:
                columns_of(text, types)
                check(text, types)
        except ValueError as error:
            wrong.append(((key,), str(error)))
    return wrong


def load_contracts(folder: Path) -> ContractBook:
    """All contracts below `folder`; the same files are parsed once by a process.

    Raises:
        ContractError: listing every problem of every file.
    """
    files = sorted(path for path in folder.rglob("*.y*ml") if path.is_file())
    return _loaded(folder, tuple((path, path.read_bytes()) for path in files))


@lru_cache(maxsize=8)
def _loaded(folder: Path, files: tuple[tuple[Path, bytes], ...]) -> ContractBook:
    contracts, problems = check_contracts(folder)
    if problems:
        raise ContractError(
            f"{len(problems)} problem(s) in the contracts",
            where="\n         ".join(map(str, problems)),
        )
    return ContractBook(contracts)
