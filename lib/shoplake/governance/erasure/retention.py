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
from shoplake.governance.migrate import complete
from shoplake.governance.quarantine import quarantine_contract
from shoplake.governance.run import Run

_ARRIVAL = "_ingested_at"


@dataclass(frozen=True)
class Expired:
    """What of one table is past its time.

    Attributes:
        table: its name; a table's quarantine is kept as long as the table.
        before: rows whose `column` is before this instant.
        column: the contract's retention element.
        rows: how many there are (were, once removed).
        ageless: rows of which nothing says how old they are; they stay.
    """

    table: str
    before: datetime
    column: str
    rows: int
    ageless: int = 0


def expire(run: Run, now: datetime, *, dry_run: bool = False) -> list[Expired]:
    """Remove what every contract with a `retention` clause says is past its time.

    Where the contract's column is null, or masked in a held row, a row is as old as its arrival
    (`_ingested_at`), a held row else as the batch that held it.

    Deleted rows are made unreachable at once, so the older versions of these tables cannot be read
    any more. What is derived from them follows when its step is run next.

    Args:
        run: of the lake.
        now: naive UTC; what the ages are counted from.
        dry_run: only count.
    """
    done = []
    for table, contract, age in _kept(run):
        assert contract.retention is not None
        assert contract.retention_column is not None
        if not dry_run:
            complete(run.lake, table)
        before = now - contract.retention
        late, ageless = age < F.lit(before), age.isNull()
        if table != contract.table:
            old, known = _batches(run, contract, before)
            late = late | (ageless & F.col("batch_id").isin(old))
            ageless = ageless & ~F.col("batch_id").isin(known)
        counts = run.lake.read(table).agg(F.count_if(late), F.count_if(ageless)).first()
        assert counts is not None
        done.append(Expired(table, before, contract.retention_column, *counts))
        if dry_run:
            continue
        if counts[0]:
            run.lake.delta(table).delete(late)
        # Also where nothing is late now: the last run may have been killed before this.
        purge_table(run.lake, table, _is_deletion)
    return done


def _kept(run: Run) -> Iterator[tuple[str, Contract, Column]]:
    """Tables that are there and have a retention, their quarantines, and when rows began."""
    for contract in run.contracts:
        if contract.retention_column is None:
            continue
        names = [contract.retention_column]
        if _ARRIVAL in contract.column_names and _ARRIVAL not in names:
            names.append(_ARRIVAL)
        if run.lake.exists(contract.table):
            stamps = [F.col(name).cast("timestamp") for name in names]
            yield contract.table, contract, F.coalesce(*stamps)
        held = quarantine_contract(contract).table
        if run.lake.exists(held):
            said = [F.get_json_object("record", f"$.{name}") for name in names]
            yield held, contract, F.coalesce(*(text.try_cast("timestamp") for text in said))


def _batches(run: Run, contract: Contract, before: datetime) -> tuple[list[str], list[str]]:
    """The table's batches that were done before an instant, and all of them."""
    columns = ["batch_id", "finished_at"]
    lines = run.lake.rows("governance.ledger", columns, {"table_name": contract.table})
    done = {line["batch_id"]: line["finished_at"] for line in lines}
    return [batch for batch, at in done.items() if at < before], list(done)


def _is_deletion(path: Path) -> bool:
    """Whether this is a commit that deleted rows: it names them, or their files do."""
    if path.suffix != ".json":
        return False
    said = (json.loads(line) for line in path.read_text().splitlines())
    return any(x.get("commitInfo", {}).get("operation") == "DELETE" for x in said)
