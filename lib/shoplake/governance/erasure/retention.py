"""Rows past the time their contract keeps them, out of the table and of its older versions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pyspark.sql import Column
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.governance.erasure.purge import purge_table
from shoplake.governance.quarantine import quarantine_contract
from shoplake.governance.run import Run


@dataclass(frozen=True)
class Expired:
    """What of one table is past its time.

    Attributes:
        table: its name; a table's quarantine is kept as long as the table.
        before: rows whose `column` is before this instant.
        column: the contract's retention element.
        rows: how many there are (were, once removed).
    """

    table: str
    before: datetime
    column: str
    rows: int


def expire(run: Run, now: datetime, *, dry_run: bool = False) -> list[Expired]:
    """Remove what every contract with a `retention` clause says is past its time.

    Deleted rows are made unreachable at once, so the older versions of these tables cannot be read
    any more. What is derived from them follows when its step is run next.

    Args:
        run: of the lake.
        now: naive UTC; what the ages are counted from.
        dry_run: only count.
    """
    done = []
    for table, contract, stamp in _kept(run):
        assert contract.retention is not None
        assert contract.retention_column is not None
        before = now - contract.retention
        late = stamp < F.lit(before)
        rows = run.lake.read(table).where(late).count()
        done.append(Expired(table, before, contract.retention_column, rows))
        if dry_run:
            continue
        if rows:
            run.lake.delta(table).delete(late)
        # Also where nothing is late now: the last run may have been killed before this.
        purge_table(run.lake, table, _is_deletion)
    return done


def _kept(run: Run) -> Iterator[tuple[str, Contract, Column]]:
    """Tables that are there and have a retention, their quarantines, and the age of their rows."""
    for contract in run.contracts:
        column = contract.retention_column
        if column is None:
            continue
        if run.lake.exists(contract.table):
            yield contract.table, contract, F.col(column).cast("timestamp")
        held = quarantine_contract(contract).table
        if run.lake.exists(held):
            said = F.get_json_object("record", f"$.{column}")
            yield held, contract, said.try_cast("timestamp")


def _is_deletion(path: Path) -> bool:
    """Whether this is a commit that deleted rows: it names them, or their files do."""
    if path.suffix != ".json":
        return False
    said = (json.loads(line) for line in path.read_text().splitlines())
    return any(x.get("commitInfo", {}).get("operation") == "DELETE" for x in said)
