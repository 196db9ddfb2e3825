"""One run of one step: which tables it builds, from which pinned inputs, and whether it has to."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.contracts.ddl import schema
from shoplake.contracts.model import Contract
from shoplake.governance.amend import FindChange, amend
from shoplake.governance.ledger import Counts, Ledger, batch_id
from shoplake.governance.lineage.record import Lineage
from shoplake.governance.publish import publish
from shoplake.governance.versions import Gate
from shoplake.runtime.alone import alone
from shoplake.runtime.console import Clock, say
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import Settings, conf_dir
from shoplake.runtime.together import Task, together

Read = Callable[[str], DataFrame]
#: Delta versions by table; None: it does not exist.
Pins = Mapping[str, int | None]


@dataclass(frozen=True)
class Pinned:
    """Reads tables at these versions; one that does not exist is empty, under its contract."""

    run: Run
    versions: dict[str, int]

    def __call__(self, name: str) -> DataFrame:
        """The table `name`."""
        lake = self.run.lake
        if name in self.versions:
            return lake.read(name, self.versions[name])
        return lake.spark.createDataFrame([], schema(self.run.contracts[name]))


class Run:
    """What a job needs to read pinned inputs and publish tables; made once a job by `open_run`."""

    def __init__(self, step: str, lake: Lake, contracts: ContractBook) -> None:
        self.step = step
        self.lake = lake
        self.contracts = contracts
        self.run_id = uuid.uuid4().hex[:12]
        self.ledger = Ledger(lake, contracts, self.run_id)
        self.lineage = Lineage(lake, contracts, self.run_id, step)
        self.gate = Gate(lake, contracts, self.run_id)

    def versions(self, tables: Iterable[str]) -> dict[str, int]:
        """The newest Delta version of each of `tables` that exists."""
        return _existing(self.pins(tables))

    def pins(self, tables: Iterable[str]) -> Pins:
        """The newest Delta version of each of `tables`; None: it does not exist."""
        return {name: self.lake.version(name) for name in tables}

    def reader(self, versions: Pins) -> Pinned:
        """What reads tables at these versions."""
        return Pinned(self, _existing(versions))

    def build(
        self,
        table: str,
        make: Callable[[Pinned], DataFrame],
        *,
        inputs: Iterable[str],
        params: object = None,
        rows_of: str | None = None,
        change: FindChange | None = None,
        few: bool = False,
        pinned: Pins | None = None,
    ) -> Counts:
        """Build `table` from pinned versions of `inputs`, unless this very batch is already in it.

        Another process of the machine that builds the same table is waited for.

        Args:
            table: the table to build.
            make: given a reader of pinned tables, returns the candidate rows.
            inputs: tables read; one that does not exist yet is empty.
            params: whatever else decides the rows; part of the batch's identity.
            rows_of: the input whose rows must all be accounted for (the conservation law).
            change: finds what differs from the last batch, so that no more needs to be made.
            few: the rows may be taken to the driver.
            pinned: what was read of some inputs before this call; those are recorded as read then.

        Returns:
            The batch's counts.

        Raises:
            GovernanceError: the contract breaks the one the table is under, or its rules stop it.
        """
        with alone(self.lake.settings, table, self.step):
            names = tuple(inputs)
            pins = {**self.pins(set(names) - set(pinned or ())), **(pinned or {})}
            read = _existing({name: pins[name] for name in names})
            return self._build(table, make, names, read, params, rows_of, change, few)

    def _build(
        self,
        table: str,
        make: Callable[[Pinned], DataFrame],
        inputs: tuple[str, ...],
        versions: dict[str, int],
        params: object,
        rows_of: str | None,
        change: FindChange | None,
        few: bool,
    ) -> Counts:
        clock = Clock()
        contract = self.contracts[table]
        self.gate.admit(contract)
        came = versions.get(rows_of) if rows_of else None
        batch = batch_id(self.step, contract, versions, params)
        done = self.ledger.find(contract, batch)
        if done is not None:
            say(self.step, f"{table:<24} [dim]unchanged ({done.good:,} rows)[/]")
            return done
        rows_in = None if came is None else self.lake.count(str(rows_of), came)
        with self.lineage.building(contract, versions, inputs) as building:
            counts, how = None, "what changed"
            if change is not None:
                counts = self._amend(contract, batch, versions, params, rows_in, change)
            if counts is None:
                how = ""
                candidate = make(self.reader(versions))
                building.made(candidate)
                counts = publish(
                    self.lake,
                    self.ledger,
                    candidate,
                    contract,
                    step=self.step,
                    batch=batch,
                    inputs=versions,
                    rows_in=rows_in,
                    few=few,
                )
            building.published(counts)
        self.report(table, counts, clock, how)
        return counts

    def _amend(
        self,
        contract: Contract,
        batch: str,
        versions: dict[str, int],
        params: object,
        rows_in: int | None,
        change: FindChange,
    ) -> Counts | None:
        """The counts of the table brought up to date by what changed; None where it was not."""
        last = self.ledger.last(contract)
        if last is None or batch_id(self.step, contract, last.inputs, params) != last.batch:
            return None
        found = change(last.inputs, versions)
        if found is None:
            return None
        return amend(
            self.lake,
            self.ledger,
            found,
            contract,
            step=self.step,
            batch=batch,
            inputs=versions,
            rows_in=rows_in,
        )

    def together(
        self, tasks: Mapping[str, Task], needs: Mapping[str, Collection[str]] | None = None
    ) -> None:
        """Build tables side by side.

        Args:
            tasks: by table, in the order in which one process would build them.
            needs: tables that a table is made from. One that a rule of its contract looks at is
                built before it or after it, as in the order of `tasks`, and not meanwhile.

        Raises:
            Exception: as `runtime.together` does.
        """
        order = list(tasks)
        after = {table: set((needs or {}).get(table, ())) for table in order}
        for table in order:
            known = self.contracts.get(table)
            seen = {r.reference[0] for r in known.rules if r.reference} if known else set()
            for other in seen & tasks.keys() - {table}:
                first, then = sorted((table, other), key=order.index)
                after[then].add(first)
        at_once = self.lake.settings.spark.tables_at_once
        together(self.lake.spark, tasks, after, at_once=at_once)

    def report(self, table: str, counts: Counts, clock: Clock, how: str = "") -> None:
        """Print a table's line."""
        held = f"[yellow]{counts.quarantined:,} held[/]" if counts.quarantined else "0 held"
        took = f"{clock.seconds:.1f} s, {how}" if how else f"{clock.seconds:.1f} s"
        say(
            self.step,
            f"{table:<24} {counts.rows_in:>9,} in = {counts.good:>9,} good + {held}"
            f" + {counts.deduplicated:,} duplicates  [dim]{took}[/]",
        )


def _existing(pins: Pins) -> dict[str, int]:
    return {name: version for name, version in pins.items() if version is not None}


def open_run(step: str, spark: SparkSession, settings: Settings) -> Run:
    """A run with all contracts loaded.

    Raises:
        ContractError: a contract is invalid.
        GovernanceError: a governance table is under a contract that this one breaks.
    """
    run = Run(step, Lake(spark, settings), load_contracts(conf_dir() / "contracts"))
    run.gate.open()
    return run
