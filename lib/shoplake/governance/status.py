"""The state of every table of a lake of folders, read without Spark."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from deltalake import DeltaTable

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Contract
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import lake_folder, query, tables


@dataclass(frozen=True)
class TableStatus:
    """One table: `verdict` is ok, held (rows in quarantine) or unmanaged (no contract)."""

    table: str
    rows: int
    version: int
    last_run: str | None
    finished_at: str | None
    held: int
    duplicates: int
    verdict: str
    newest: str | None
    freshness: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def table_statuses(settings: Settings, contracts: ContractBook) -> list[TableStatus]:
    """Every table with rows, version, last run, verdict and freshness, in layer order.

    Raises:
        ShoplakeError: there is no lake, or it is not one of folders.
    """
    lake_folder(settings)
    names = tables(settings)
    last: dict[str, dict[str, Any]] = {}
    if "governance.ledger" in names:
        for row in query(settings, "SELECT * FROM governance.ledger ORDER BY finished_at"):
            last[row["table_name"]] = row
    return [
        _status(settings, contracts, name, last.get(name))
        for name in names
        if not name.startswith("governance.quarantine_")
    ]


def _status(
    settings: Settings, contracts: ContractBook, name: str, run: dict[str, Any] | None
) -> TableStatus:
    schema, table = name.split(".")
    folder = settings.root / f"{settings.schema_prefix}{schema}" / table
    contract = contracts.get(name)
    newest: datetime | None = None
    columns = "count(*) AS n"
    if contract is not None and contract.freshness_column:
        columns += f", max({contract.freshness_column}) AS newest"
    row = query(settings, f"SELECT {columns} FROM {name}")[0]
    newest = row.get("newest")
    held = int(run["rows_quarantined"]) if run else 0
    return TableStatus(
        table=name,
        rows=int(row["n"]),
        version=DeltaTable(str(folder)).version(),
        last_run=run["run_id"] if run else None,
        finished_at=run["finished_at"].isoformat(timespec="seconds") if run else None,
        held=held,
        duplicates=int(run["rows_deduplicated"]) if run else 0,
        verdict="unmanaged" if contract is None else "held" if held else "ok",
        newest=newest.isoformat() if newest else None,
        freshness=freshness(contract, newest),
    )


def freshness(contract: Contract | None, newest: date | None) -> str:
    """Whether the newest row (an instant, or a day in UTC) is as new as was promised, in words."""
    if contract is None or contract.freshness is None or newest is None:
        return ""
    if not isinstance(newest, datetime):
        newest = datetime.combine(newest, time(), UTC)
    age = datetime.now(UTC) - newest
    limit = contract.freshness
    hours = limit.total_seconds() / 3600
    told = f"{hours / 24:g} d" if hours >= 24 else f"{hours:g} h"
    return f"{'fresh' if age <= limit else 'stale'} (newest {newest:%Y-%m-%d}, limit {told})"
