"""The evidence that findings are made of, from the governance tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from shoplake.contracts.model import Contract
from shoplake.governance.monitor.findings import Evidence
from shoplake.runtime.lake import Lake

_LEDGER = ("table_name", "batch_id", "rows_in", "rows_good", "rows_quarantined")
_RULES = (
    *("table_name", "batch_id", "rule", "kind", "rows_judged", "rows_broken"),
    *("value", "minimum", "maximum"),
)


def read_evidence(
    lake: Lake, contracts: Iterable[Contract], since: timedelta, now: datetime
) -> Evidence:
    """Lines of the last `since`; of files, those that are held now however old.

    A replay is left out: its rows came and were counted before, and those that it holds again say
    nothing of what a shop sends.
    """
    start = (now - since).replace(tzinfo=None)
    lines = _lines(lake, "governance.ledger", (*_LEDGER, "step"), start)
    again = {(line["table_name"], line["batch_id"]) for line in lines if line["step"] == "replay"}

    def first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if (row["table_name"], row["batch_id"]) not in again]

    return Evidence(
        ledger=first(lines),
        rules=first(_lines(lake, "governance.rule_metrics", _RULES, start)),
        newest=_newest(lake, contracts),
        files=_held_files(lake),
    )


def _lines(
    lake: Lake, table: str, columns: tuple[str, ...], start: datetime
) -> list[dict[str, Any]]:
    rows = lake.rows(table, (*columns, "finished_at"))
    recent = sorted((r for r in rows if r["finished_at"] >= start), key=lambda r: r["finished_at"])
    return [{c: r[c] for c in columns} for r in recent]


def _newest(lake: Lake, contracts: Iterable[Contract]) -> dict[str, float]:
    """By table: of one that is rebuilt, what its last batch held; else of all that was added."""
    wanted = {(c.table, c.freshness_column): c for c in contracts if c.freshness is not None}
    columns = ("table_name", "column_name", "high", "finished_at")
    found: dict[str, float] = {}
    rows = lake.rows("governance.column_metrics", columns, {"scope": ""}) if wanted else []
    for row in sorted(rows, key=lambda r: r["finished_at"]):
        contract = wanted.get((row["table_name"], row["column_name"]))
        if contract is not None and row["high"] is not None:
            before = found.get(contract.table, row["high"]) if contract.append_only else row["high"]
            found[contract.table] = max(before, row["high"])
    return found


def _held_files(lake: Lake) -> list[dict[str, Any]]:
    last: dict[tuple[str, str], dict[str, Any]] = {}
    for row in sorted(lake.rows("governance.files"), key=lambda r: r["recorded_at"]):
        last[row["shop"], row["file"]] = row
    return [
        {"shop": shop, "file": file, "reason": row["reason"]}
        for (shop, file), row in sorted(last.items())
        if row["state"] == "quarantined"
    ]
