"""What the quarantines hold and why, read without Spark."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from shoplake.errors import ShoplakeError
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import Rows, query, tables

_PREFIX = "governance.quarantine_"


@dataclass(frozen=True)
class HeldRule:
    """How many rows of a table one rule holds, with an example of its values (masked)."""

    table: str
    rule: str
    column: str
    rows: int
    example: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def quarantines(settings: Settings) -> dict[str, str]:
    """Quarantine table by the table it belongs to; bronze.unread stands for itself."""
    found = tables(settings)
    held = {}
    for name in found:
        if name.startswith(_PREFIX):
            layer, table = name.removeprefix(_PREFIX).split("_", 1)
            held[f"{layer}.{table}"] = name
    if "bronze.unread" in found:
        held["bronze.unread"] = "bronze.unread"
    return held


def held_rules(settings: Settings) -> list[HeldRule]:
    """Rows held by table and rule, most first within a table; a row may break several rules."""
    out: list[HeldRule] = []
    for table in quarantines(settings):
        counts: Counter[tuple[str, str]] = Counter()
        examples: dict[tuple[str, str], str] = {}
        for row in held_rows(settings, table):
            for reason in row["reasons"]:
                key = (reason["rule"], reason["column"])
                counts[key] += 1
                examples.setdefault(key, reason["value"] or "")
        out += [
            HeldRule(table, rule, column, rows, examples[rule, column])
            for (rule, column), rows in counts.most_common()
        ]
    return out


def held_rows(
    settings: Settings, table: str, *, rule: str | None = None, limit: int | None = None
) -> Rows:
    """Held rows of a table: row_id, reasons (list of rule, column, value), record (JSON, masked).

    Args:
        settings: of a lake of folders.
        table: `<layer>.<table>`, whose rows are held.
        rule: only rows that break this one.
        limit: at most so many rows.

    Raises:
        ShoplakeError: nothing is or ever was held of this table, or the limit is negative.
    """
    if limit is not None and limit < 0:
        raise ShoplakeError(f"at most {limit} rows is no number of rows", remedy="--limit 10")
    name = quarantines(settings).get(table)
    if name is None:
        known = ", ".join(quarantines(settings)) or "nothing"
        raise ShoplakeError(f"{table} has no quarantine", remedy=f"held back so far: {known}")
    if table == "bronze.unread":
        sql = "SELECT _row_id, problem, _file, _row FROM bronze.unread ORDER BY _file, _row"
        rows = [
            {
                "row_id": r["_row_id"],
                "reasons": [{"rule": "unread", "column": "", "value": r["problem"]}],
                "record": json.dumps({"_file": r["_file"], "_row": r["_row"], "_raw": "***"}),
            }
            for r in query(settings, sql)
        ]
    else:
        rows = query(settings, f"SELECT row_id, reasons, record FROM {name} ORDER BY row_id")
    if rule is not None:
        rows = [r for r in rows if any(x["rule"] == rule for x in r["reasons"])]
    return rows[:limit]
