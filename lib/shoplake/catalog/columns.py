"""What is known of each column's values in the last batch, from `governance.column_metrics`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from shoplake.catalog.facts import rows_of, utc
from shoplake.catalog.figures import number, share
from shoplake.contracts.book import ContractBook
from shoplake.runtime.settings import Settings

_FIELDS = "table_name, column_name, scope, rows_seen, nulls, low, high, total, finished_at"


@dataclass(frozen=True)
class Values:
    """Texts: share of nulls, least to greatest, mean; empty where not known."""

    nulls: str
    reach: str
    mean: str


def column_values(settings: Settings, book: ContractBook) -> dict[tuple[str, str], Values]:
    """By table and column, of the last batch; extremes of columns about people are left out."""
    last: dict[tuple[str, str], dict[str, object]] = {}
    rows = rows_of(settings, "governance.column_metrics", _FIELDS)
    for row in sorted(rows, key=lambda r: utc(r["finished_at"])):
        if row["column_name"] and not row["scope"]:
            last[row["table_name"], row["column_name"]] = row
    out = {}
    for (table, name), row in last.items():
        contract = book.get(table)
        if contract is None or name not in contract.column_names:
            continue
        column = contract.column(name)
        open_ = column.classification in ("public", "internal") and row["low"] is not None
        values = int(row["rows_seen"]) - int(row["nulls"])  # type: ignore[call-overload]
        is_time = column.type in ("date", "timestamp")
        out[table, name] = Values(
            nulls=share(int(row["nulls"]), int(row["rows_seen"])),  # type: ignore[call-overload]
            reach=f"{_said(row['low'], is_time)} – {_said(row['high'], is_time)}" if open_ else "",
            mean=number(float(row["total"]) / values)  # type: ignore[arg-type]
            if open_ and not is_time and row["total"] is not None and values
            else "",
        )
    return out


def _said(value: object, is_time: bool) -> str:
    number_ = float(value)  # type: ignore[arg-type]
    if is_time:
        return f"{datetime.fromtimestamp(number_, UTC):%Y-%m-%d}"
    return number(number_)
