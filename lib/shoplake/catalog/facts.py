"""What the catalogue says of each table, read without Spark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from deltalake import DeltaTable

from shoplake.catalog.prose import Prose, prose_of
from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Column, Contract
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import Rows, query, tables

LAYERS = ("bronze", "silver", "gold", "governance")
QUARANTINE = "governance.quarantine_"
_VERSIONS = 12
#: Batches a plot shows.
SHOWN = 40
_CHANGED = {
    "added": ("numTargetRowsInserted", "numOutputRows", "num_added_rows"),
    "updated": ("numTargetRowsUpdated", "numUpdatedRows"),
    "deleted": ("numTargetRowsDeleted", "numDeletedRows"),
}


@dataclass(frozen=True)
class Batch:
    """One line of the ledger; times are UTC."""

    batch_id: str
    run_id: str
    step: str
    table: str
    inputs: dict[str, int]
    contract: str
    rows_in: int
    good: int
    held: int
    duplicates: int
    version: int
    started: datetime
    finished: datetime

    @property
    def balanced(self) -> bool:
        """The conservation law holds."""
        return self.rows_in == self.good + self.held + self.duplicates


@dataclass(frozen=True)
class Version:
    """One Delta commit: rows by what happened to them, where the commit says so."""

    number: int
    at: datetime
    operation: str
    rows: dict[str, int]


@dataclass(frozen=True)
class Table:
    """A table as it is now.

    Attributes:
        columns: of the contract, else of the table itself.
        newest: greatest value of the contract's freshness column.
        bytes, files: of the present version.
        versions: newest first, the last few.
        batches: oldest first; of a batch that is there twice, the later.
    """

    name: str
    contract: Contract | None
    prose: Prose
    columns: tuple[Column, ...]
    rows: int
    newest: datetime | None
    bytes: int
    files: int
    version: int
    versions: tuple[Version, ...]
    batches: tuple[Batch, ...]

    @property
    def layer(self) -> str:
        """bronze, silver, gold or governance."""
        return self.name.partition(".")[0]

    @property
    def short(self) -> str:
        """The name within its layer."""
        return self.name.partition(".")[2]

    @property
    def last(self) -> Batch | None:
        """The batch finished last."""
        return self.batches[-1] if self.batches else None

    @property
    def growth(self) -> tuple[tuple[datetime, float], ...]:
        """Good rows of the last batches."""
        return tuple((b.finished, float(b.good)) for b in self.batches[-SHOWN:])

    def late_at(self, moment: datetime | None) -> bool | None:
        """Whether the newest row was older than the contract's limit; None without a limit."""
        limit: timedelta | None = self.contract.freshness if self.contract else None
        if limit is None or self.newest is None or moment is None:
            return None
        return moment - self.newest > limit


def ledger(settings: Settings) -> tuple[Batch, ...]:
    """Every batch in the order they were finished."""
    if "governance.ledger" not in tables(settings):
        return ()
    found: dict[tuple[str, str], Batch] = {}
    for row in query(settings, "SELECT * FROM governance.ledger"):
        batch = Batch(
            batch_id=row["batch_id"],
            run_id=row["run_id"],
            step=row["step"],
            table=row["table_name"],
            inputs=dict(row["inputs"] or []),
            contract=row["contract_version"],
            rows_in=row["rows_in"],
            good=row["rows_good"],
            held=row["rows_quarantined"],
            duplicates=row["rows_deduplicated"],
            version=row["table_version"],
            started=utc(row["started_at"]),
            finished=utc(row["finished_at"]),
        )
        key = batch.table, batch.batch_id
        if key not in found or found[key].finished < batch.finished:
            found[key] = batch
    return tuple(sorted(found.values(), key=lambda b: (b.finished, b.table, b.batch_id)))


def all_tables(
    settings: Settings, book: ContractBook, batches: Sequence[Batch]
) -> tuple[Table, ...]:
    """Every table of the lake but the quarantines, in the order of the layers."""
    mine: dict[str, list[Batch]] = {}
    for batch in batches:
        mine.setdefault(batch.table, []).append(batch)
    return tuple(
        _table(settings, name, book.get(name), tuple(mine.get(name, ())))
        for name in tables(settings)
        if not name.startswith(QUARANTINE)
    )


def rows_of(settings: Settings, table: str, columns: str = "*") -> Rows:
    """All rows of a small governance table; none where it does not exist."""
    if table not in tables(settings):
        return []
    return query(settings, f"SELECT {columns} FROM {table}")


def utc(value: datetime) -> datetime:
    """With UTC as its zone; a time without one is UTC already."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _table(
    settings: Settings, name: str, contract: Contract | None, batches: tuple[Batch, ...]
) -> Table:
    schema, short = name.split(".", 1)
    delta = DeltaTable(str(settings.root / f"{settings.schema_prefix}{schema}" / short))
    fields = {f.name: f.type for f in delta.schema().fields}
    freshness = contract.freshness_column if contract else None
    newest_of = f", max({freshness}) AS newest" if freshness in fields else ""
    counted = query(settings, f'SELECT count(*) AS n{newest_of} FROM {schema}."{short}"')[0]
    newest = counted.get("newest")
    if newest is not None and not isinstance(newest, datetime):
        newest = datetime(newest.year, newest.month, newest.day)
    sizes = delta.get_add_actions(flatten=True)["size_bytes"].to_pylist()
    columns = contract.columns if contract else _columns(delta)
    return Table(
        name=name,
        contract=contract,
        prose=prose_of(contract),
        columns=columns,
        rows=int(counted["n"]),
        newest=utc(newest) if newest is not None else None,
        bytes=sum(sizes),
        files=len(sizes),
        version=delta.version(),
        versions=tuple(_version(entry) for entry in delta.history(_VERSIONS)),
        batches=batches,
    )


def _columns(delta: DeltaTable) -> tuple[Column, ...]:
    return tuple(
        Column(f.name, getattr(f.type, "type", str(f.type)), required=not f.nullable)
        for f in delta.schema().fields
    )


def _version(entry: dict[str, Any]) -> Version:
    metrics = entry.get("operationMetrics") or {}
    rows = {}
    for word, names in _CHANGED.items():
        said = next((metrics[n] for n in names if n in metrics), None)
        if said is not None and int(said):
            rows[word] = int(said)
    return Version(
        number=int(entry["version"]),
        at=datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
        operation=str(entry.get("operation", "")),
        rows=rows,
    )
