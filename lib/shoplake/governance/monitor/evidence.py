"""The evidence that findings are made of, from the governance tables."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pyspark.sql import functions as F

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
    """Lines of the last `since`; of files, those that are held now however old."""
    start = (now - since).replace(tzinfo=None)
    return Evidence(
        ledger=_lines(lake, "governance.ledger", _LEDGER, start),
        rules=_lines(lake, "governance.rule_metrics", _RULES, start),
        newest=_newest(lake, contracts),
        files=_held_files(lake),
    )


def _lines(
    lake: Lake, table: str, columns: tuple[str, ...], start: datetime
) -> list[dict[str, Any]]:
    if not lake.exists(table):
        return []
    rows = lake.read(table).where(F.col("finished_at") >= F.lit(start)).orderBy("finished_at")
    missing = [c for c in columns if c not in rows.columns]
    rows = rows.withColumns({c: F.lit(None).cast("double") for c in missing})
    return [r.asDict() for r in rows.select(*columns).collect()]


def _newest(lake: Lake, contracts: Iterable[Contract]) -> dict[str, float]:
    """By table: of one that is rebuilt, what its last batch held; else of all that was added."""
    wanted = {c.table: c for c in contracts if c.freshness is not None}
    if not wanted or not lake.exists("governance.column_metrics"):
        return {}
    states = lake.read("governance.column_metrics").where(
        (F.col("scope") == "") & F.col("high").isNotNull()
    )
    rows = states.groupBy("table_name", "column_name").agg(
        F.max("high").alias("ever"), F.max_by("high", "finished_at").alias("last")
    )
    found = {}
    for row in rows.collect():
        contract = wanted.get(row["table_name"])
        if contract is not None and contract.freshness_column == row["column_name"]:
            found[contract.table] = row["ever"] if contract.append_only else row["last"]
    return found


def _held_files(lake: Lake) -> list[dict[str, Any]]:
    if not lake.exists("governance.files"):
        return []
    latest = F.max_by(F.struct("state", "reason"), "recorded_at").alias("last")
    rows = lake.read("governance.files").groupBy("shop", "file").agg(latest)
    held = rows.where(F.col("last.state") == "quarantined").orderBy("shop", "file")
    return [r.asDict() for r in held.select("shop", "file", "last.reason").collect()]
