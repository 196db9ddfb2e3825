"""The run ledger: a line per table and batch; in = good + quarantined + deduplicated."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema

from shoplake.contracts.book import ContractBook
from shoplake.contracts.ddl import schema, stamp
from shoplake.contracts.model import Contract
from shoplake.errors import GovernanceError
from shoplake.governance import history
from shoplake.governance.create import create
from shoplake.governance.history import States
from shoplake.governance.migrate import migrate
from shoplake.governance.outcomes import Outcome
from shoplake.governance.passes import NOTHING, Digest
from shoplake.runtime.alone import writing
from shoplake.runtime.lake import Lake

#: Tables that are built side by side tell of it in the same governance tables.
_APPENDING = threading.RLock()
#: Columns of the ledger's table.
_COUNTS = ("rows_in", "rows_good", "rows_quarantined", "rows_deduplicated")
_STATE = ("table_version", "contract_version", "digest")
#: Lines of a table that holds its last batch alone; a stream adds thousands a day.
_NEWEST = 100
_TOLD = ("finished_at", "table_name", "batch_id", "inputs", *_COUNTS, *_STATE)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of one batch of one table."""

    rows_in: int
    good: int
    quarantined: int
    deduplicated: int

    def check(self, table: str) -> None:
        """Raises GovernanceError when rows were lost or counted twice."""
        out = self.good + self.quarantined + self.deduplicated
        if self.rows_in != out:
            raise GovernanceError(
                f"conservation broken: {self.rows_in} rows in, {out} accounted for "
                f"({self.good} good, {self.quarantined} held, {self.deduplicated} duplicates)",
                where=table,
                remedy="a transformation drops or multiplies rows; nothing was written",
            )


@dataclass(frozen=True)
class Line:
    """What a table was last made to hold.

    Attributes:
        batch: identity of the batch.
        inputs: Delta versions it was made from.
        counts: its rows.
        digest: of all that the table holds.
    """

    batch: str
    inputs: dict[str, int]
    counts: Counts
    digest: Digest


def batch_id(step: str, contract: Contract, inputs: dict[str, int], params: object) -> str:
    """Hash of all that decides a batch's content: same id, same rows."""
    text = json.dumps(
        [step, contract.table, contract.fingerprint, sorted(inputs.items()), params],
        sort_keys=True,
        default=str,
    )
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Ledger:
    """Reads and appends `governance.ledger` and `governance.rule_metrics`."""

    def __init__(self, lake: Lake, contracts: ContractBook, run_id: str) -> None:
        self.lake = lake
        self.run_id = run_id
        self._contracts = contracts
        self._rows: Callable[[str, int | None], list[dict[str, Any]]] | None = None
        self._lines: dict[str, dict[str, Counts]] = {}
        self._digests: dict[str, tuple[int | None, str, Digest]] = {}
        self._inputs: dict[str, dict[str, int]] = {}
        self._versions: dict[str, int | None] = {}
        self._reading = threading.Lock()
        self._newest: dict[str, datetime] = {}

    def find(self, contract: Contract, batch: str) -> Counts | None:
        """The counts of a batch that the table holds completely, else None.

        A table that is appended to, or sliced by batch, holds every batch it was given; another one
        the last, unless somebody has written to it since. One whose folder is gone holds none.
        """
        lines = self._read(contract.table)
        if _keeps_all(contract):
            return lines.get(batch) if self.lake.exists(contract.table) else None
        last = next(reversed(lines), None)
        return lines[batch] if last == batch and self._is_as_told(contract.table) else None

    def _is_as_told(self, table: str) -> bool:
        """Whether nobody has changed the rows since the last line; lines of old lakes say less."""
        now, told = self.lake.version(table), self._versions.get(table)
        return now is not None and told in (None, now)

    def good_before(self, contract: Contract, batch: str) -> int | None:
        """Good rows of the table's last batch that is not `batch`."""
        lines = self._read(contract.table)
        others = [counts.good for name, counts in lines.items() if name != batch]
        return others[-1] if others else None

    def digest(self, contract: Contract) -> Digest | None:
        """The digest of all that the table holds, where nobody has written to it since it was told.

        None also where the contract has another fingerprint now: its columns may be others.
        """
        self._read(contract.table)
        version, under, digest = self._digests.get(contract.table, (None, "", NOTHING))
        if version is None or under != _under(contract):
            return None
        return digest if version == self.lake.version(contract.table) else None

    def inputs(self, contract: Contract) -> dict[str, int] | None:
        """The Delta versions that the table's last batch was made from; None: none is on record."""
        self._read(contract.table)
        return self._inputs.get(contract.table)

    def last(self, contract: Contract) -> Line | None:
        """The table's last batch; None where somebody has written to the table since."""
        digest, lines = self.digest(contract), self._read(contract.table)
        if digest is None or not lines:
            return None
        batch = next(reversed(lines))
        return Line(batch, self._inputs[contract.table], lines[batch], digest)

    def told_by_others(self, contract: Contract) -> bool:
        """Whether another process has told of the table since it was looked at here; reads anew."""
        before = self._newest.get(contract.table)
        with self._reading:
            self._rows = None
            self._lines.pop(contract.table, None)
        self._read(contract.table)
        return self._newest.get(contract.table) != before

    def record(
        self,
        *,
        step: str,
        contract: Contract,
        batch: str,
        inputs: dict[str, int],
        counts: Counts,
        outcomes: Sequence[Outcome],
        states: States,
        started: datetime,
        digest: Digest | None = None,
    ) -> None:
        """Append the batch's line; it is written last, so its presence means the batch is whole.

        What is written before it may be there twice after a crash; the later one counts.
        `digest` is of all rows that the table holds now, if it is known.
        """
        now = self.now(contract.table)
        append(
            self.lake,
            self._contracts["governance.rule_metrics"],
            [
                (
                    *(contract.table, batch, o.rule.name, o.rule.kind, o.rule.on_breach),
                    *(o.judged, o.broken, now, o.value, o.minimum, o.maximum),
                )
                for o in outcomes
            ],
        )
        metrics = self._contracts[history.TABLE]
        append(self.lake, metrics, list(history.lines(contract, batch, states, now)))
        lines = self._read(contract.table)
        version = self.lake.version(contract.table)
        append(
            self.lake,
            self._contracts["governance.ledger"],
            [
                (
                    *(self.run_id, step, contract.table, batch, inputs, _under(contract)),
                    *(counts.rows_in, counts.good, counts.quarantined, counts.deduplicated),
                    *(version, started.replace(tzinfo=None), now, _text(digest)),
                )
            ],
        )
        self._digests.pop(contract.table, None)
        if digest is not None:
            self._digests[contract.table] = (version, _under(contract), digest)
        self._inputs[contract.table] = inputs
        self._versions[contract.table] = version
        lines.pop(batch, None)
        lines[batch] = counts

    def now(self, table: str) -> datetime:
        """The time, naive and in UTC; after the table's lines, also where the clock was put back.

        Lines are read in the order of their times, and records in that of their arrival: else the
        last one would not be the last.
        """
        self._read(table)
        now = datetime.now(UTC).replace(tzinfo=None)
        after = self._newest.get(table, datetime.min) + timedelta(microseconds=1)
        self._newest[table] = max(now, after)
        return self._newest[table]

    def _read(self, table: str) -> dict[str, Counts]:
        """Counts of a table by batch, in the order they were finished; of the newest, at least."""
        with self._reading:
            if self._rows is None:
                name = "governance.ledger"
                self._rows = self.lake.rows_of(name, "table_name", _TOLD, "finished_at")
            if table not in self._lines:
                known = self._contracts.get(table)
                most = None if known is None or _keeps_all(known) else _NEWEST
                self._lines[table] = self._told(table, self._rows(table, most))
            return self._lines[table]

    def _told(self, table: str, rows: list[dict[str, Any]]) -> dict[str, Counts]:
        lines: dict[str, Counts] = {}
        for row in sorted(rows, key=lambda r: r["finished_at"]):
            self._newest[table] = row["finished_at"]
            lines.pop(row["batch_id"], None)
            lines[row["batch_id"]] = Counts(*(row[c] for c in _COUNTS))
            self._inputs[table] = dict(row["inputs"] or {})
            self._versions[table] = row["table_version"]
            self._digests.pop(table, None)
            if row["digest"] is not None:
                version, under, digest = (row[c] for c in _STATE)
                self._digests[table] = (version, under, _digest(digest))
        return lines


def _keeps_all(contract: Contract) -> bool:
    """Whether a table holds every batch that it was ever given."""
    return contract.append_only or "batch" in contract.slice_by


def _under(contract: Contract) -> str:
    return f"{contract.version} {contract.fingerprint}"


def _text(digest: Digest | None) -> str | None:
    return None if digest is None else json.dumps(digest)


def _digest(text: str) -> Digest:
    rows, total, xor = json.loads(text)
    return rows, total, xor


def ensure(lake: Lake, contract: Contract) -> None:
    """Create the table under its contract, or bring it under the contract's present version.

    A table is looked at once by each `Lake`.
    """
    place = contract.table, stamp(contract)
    if lake.exists(contract.table):
        if place not in lake.ready:
            migrate(lake, contract)
    else:
        if lake.settings.catalog:
            schema_name = lake.identifier(contract.table).rsplit(".", 1)[0]
            lake.spark.sql(f"CREATE SCHEMA IF NOT EXISTS {schema_name}")
        create(lake, contract)
    lake.ready.add(place)


def append(lake: Lake, contract: Contract, rows: list[tuple[Any, ...]]) -> None:
    """Append a few driver-side rows to a governance table, in one commit."""
    if not rows:
        return
    with _APPENDING, writing(lake.settings, contract.table):
        ensure(lake, contract)
        if not add_few(lake, contract, _arrow(contract, rows)):
            df = lake.spark.createDataFrame(rows, schema(contract)).coalesce(1)
            insert(lake, contract, df.write.format("delta").mode("append"))


@contextmanager
def adding() -> Iterator[None]:
    """While no table of this process is told of in a governance table."""
    with _APPENDING:
        yield


def add_few(
    lake: Lake,
    contract: Contract,
    rows: pa.Table,
    transaction: tuple[str, int] | None = None,
    *,
    instead: bool = False,
) -> bool:
    """Append rows that the driver holds, by delta-rs, in a tenth of the time of a Spark write.

    Args:
        lake: where the table is; it exists.
        contract: of the table.
        rows: its columns.
        transaction: (application id, version) to be kept in the table's log.
        instead: of all that the table holds.

    Returns:
        False where nothing was written: the lake is a catalog, or delta-rs does not know a function
        of a constraint, or one is broken. Spark can write, or says what is wrong.
    """
    if lake.settings.catalog:
        return False
    # Of the extra `local`: a platform has Delta in Spark alone.
    from deltalake import CommitProperties, Transaction, write_deltalake
    from deltalake.exceptions import DeltaError

    commit = None
    if transaction is not None:
        commit = CommitProperties(app_transactions=[Transaction(*transaction)])
    folder = str(lake.folder(contract.table))
    try:
        mode: Literal["append", "overwrite"] = "overwrite" if instead else "append"
        write_deltalake(folder, rows, mode=mode, commit_properties=commit)
    except DeltaError:
        return False
    return True


def _arrow(contract: Contract, rows: list[tuple[Any, ...]]) -> pa.Table:
    """The rows under the table's schema; naive times are UTC."""
    fields, arrays = [], []
    for field, values in zip(
        to_arrow_schema(schema(contract)), zip(*rows, strict=True), strict=True
    ):
        kind = pa.timestamp("us", "UTC") if pa.types.is_timestamp(field.type) else field.type
        fields.append(pa.field(field.name, kind, field.nullable))
        arrays.append(pa.array(values, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def insert(lake: Lake, contract: Contract, writer: Any) -> None:
    """Finish a Delta DataFrameWriter at the table's place."""
    if lake.settings.catalog:
        writer.saveAsTable(lake.identifier(contract.table))
    else:
        writer.save(str(lake.folder(contract.table)))
