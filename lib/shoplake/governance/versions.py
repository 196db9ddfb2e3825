"""Contracts over time: every one is recorded, and a breaking one is refused at run time.

A table says itself, in its property `shoplake.contract`, which contract it is under, and changes
that last (`migrate`). `governance.contracts` keeps what each of these contracts said. So a run that
is killed between the two finds the old contract still in force.
"""

from __future__ import annotations

from datetime import UTC, datetime

from shoplake.contracts.book import ContractBook
from shoplake.contracts.canonical import from_json, to_json
from shoplake.contracts.ddl import stamp
from shoplake.contracts.diff import breaking, diff
from shoplake.contracts.model import Contract
from shoplake.contracts.semver import lowest_version, numbers, step_for, version_problem
from shoplake.errors import GovernanceError
from shoplake.governance.ledger import append
from shoplake.governance.migrate import applied, folder_stamp
from shoplake.runtime.console import say
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables

CONTRACTS = "governance.contracts"
_COLUMNS = ("table_name", "version", "fingerprint", "contract")
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM {CONTRACTS}"


class Gate:
    """Lets a table be built under its present contract, or says why not; read once a run."""

    def __init__(self, lake: Lake, contracts: ContractBook, run_id: str) -> None:
        self._lake = lake
        self._contracts = contracts
        self._run_id = run_id
        self._recorded: dict[tuple[str, str], str] | None = None

    def open(self) -> None:
        """Record contracts this lake has not seen, in one commit; without any, no job is run.

        Raises:
            GovernanceError: the contract of a governance table breaks the one it is under.
        """
        for contract in self._contracts:
            if contract.table.startswith("governance."):
                self.admit(contract)
        recorded = self._read()
        new = [c for c in self._contracts if (c.table, stamp(c)) not in recorded]
        now = datetime.now(UTC).replace(tzinfo=None)
        rows = [
            (c.table, c.version, c.fingerprint, to_json(c), self._run_id, now)
            for c in sorted(new, key=lambda c: c.table)
        ]
        append(self._lake, self._contracts[CONTRACTS], rows)
        recorded.update({(c.table, stamp(c)): to_json(c) for c in new})

    def admit(self, contract: Contract) -> None:
        """Compare a table's present contract with the one it is under.

        Raises:
            GovernanceError: a clause breaks writers or readers though the major version is the
                same, or the version is older than the table's.
        """
        old = self.under(contract)
        if old is None:
            return
        if numbers(contract.version) < numbers(old.version):
            raise GovernanceError(
                f"{contract.table} is under version {old.version} of its contract, "
                f"which is later than {contract.version}",
                where=contract.source or None,
                remedy=f"update this checkout, or raise the version above {old.version}",
            )
        changes = diff(old, contract)
        problem = version_problem(old.version, contract.version, changes)
        if problem is None:
            return
        if step_for(changes) != "major":
            say("contract", f"[yellow]{contract.table}: {problem}[/]")
            return
        broken = breaking(changes)
        raise GovernanceError(
            f"{len(broken)} breaking change(s) of {contract.table}, which is under version "
            f"{old.version} of its contract; this one says {contract.version}",
            where="\n         ".join(map(str, broken)),
            remedy=f"undo them, or raise the version to {lowest_version(old.version, 'major')}: "
            "the table is then made anew",
        )

    def under(self, contract: Contract) -> Contract | None:
        """The contract that the table is under, if it is another one and is recorded."""
        there = applied(self._lake, contract.table)
        if there is None or there == stamp(contract):
            return None
        text = self._read().get((contract.table, there))
        return from_json(text) if text else None

    def _read(self) -> dict[tuple[str, str], str]:
        """Contracts by table and stamp."""
        if self._recorded is None:
            self._recorded = {
                (row["table_name"], f"{row['version']} {row['fingerprint']}"): row["contract"]
                for row in self._lake.rows(CONTRACTS, _COLUMNS)
            }
        return self._recorded


def recorded_contract(settings: Settings, table: str) -> Contract:
    """The contract that a table of a lake of folders is under, read without Spark.

    Raises:
        GovernanceError: the table does not exist, or its contract was never recorded.
    """
    there = folder_stamp(settings, table)
    if there is not None and CONTRACTS in tables(settings):
        for row in query(settings, f"{_SELECT} WHERE table_name = '{table}'"):
            if f"{row['version']} {row['fingerprint']}" == there:
                return from_json(row["contract"])
    raise GovernanceError(
        f"this lake has no record of the contract of {table}",
        where=settings.lake,
        remedy="run the step that builds it, or compare two files",
    )
