"""Rows past their contract's time go for good; younger ones stay."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Column, Contract
from shoplake.contracts.parse import parse_contract
from shoplake.governance.erasure.retention import expire
from shoplake.governance.quarantine import quarantine_contract
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

VISITS = Contract(
    table="bronze.visits",
    version="1.0.0",
    description="",
    grain="",
    columns=(Column("who", "string", True, 1), Column("_ingested_at", "timestamp", True)),
    rules=(),
    append_only=True,
    retention=timedelta(days=30),
    retention_column="_ingested_at",
)
NOW = datetime(2026, 3, 1)


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path) -> Run:
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(tmp_path / "lake")))
    visits = [("old-one", NOW - timedelta(days=31)), ("new-one", NOW - timedelta(days=30))]
    held = [("h1", "2026-01-20 00:00:00"), ("h2", "2026-02-20 00:00:00")]
    tables = {
        VISITS.table: [{"who": who, "_ingested_at": at.replace(tzinfo=UTC)} for who, at in visits],
        quarantine_contract(VISITS).table: [
            {"row_id": name, "batch_id": "b", "record": json.dumps({"_ingested_at": at})}
            for name, at in held
        ],
    }
    for name, rows in tables.items():
        write_deltalake(str(lake.folder(name)), pa.Table.from_pylist(rows))
    return Run("retention", lake, ContractBook({VISITS.table: VISITS}))


def names(run: Run) -> list[str]:
    return [r.who for r in run.lake.read("bronze.visits").collect()]


@pytest.mark.slow
def test_late_rows_are_counted_then_go_from_table_quarantine_and_every_byte(run: Run) -> None:
    assert [(e.table, e.rows) for e in expire(run, NOW, dry_run=True)] == [
        ("bronze.visits", 1),
        ("governance.quarantine_bronze_visits", 1),
    ]
    assert sorted(names(run)) == ["new-one", "old-one"]
    expire(run, NOW)
    assert names(run) == ["new-one"]
    held = run.lake.read("governance.quarantine_bronze_visits").collect()
    assert [r.row_id for r in held] == ["h2"]
    content = b"".join(p.read_bytes() for p in run.lake.settings.root.rglob("*") if p.is_file())
    assert b"new-one" in content
    assert b"old-one" not in content
    version = run.lake.version("bronze.visits")
    assert [e.rows for e in expire(run, NOW)] == [0, 0]
    assert run.lake.version("bronze.visits") == version


@pytest.mark.slow
def test_what_was_killed_after_deleting_is_finished(run: Run) -> None:
    run.lake.delta("bronze.visits").delete("who = 'old-one'")
    expire(run, NOW)
    content = b"".join(p.read_bytes() for p in run.lake.settings.root.rglob("*") if p.is_file())
    assert b"old-one" not in content


@pytest.mark.slow
def test_a_row_without_a_time_is_as_old_as_its_arrival_or_its_batch(
    spark: SparkSession, tmp_path: Path
) -> None:
    at = Column("at", "timestamp")
    visits = dataclasses.replace(VISITS, columns=(*VISITS.columns, at), retention_column="at")
    orders = dataclasses.replace(
        visits, table="silver.orders", columns=(VISITS.columns[0], at), append_only=False
    )
    old, new = (NOW.replace(tzinfo=UTC) - timedelta(days=days) for days in (31, 2))
    masked = json.dumps({"at": "***"})
    tables = {
        "bronze.visits": [
            {"who": "old", "_ingested_at": old, "at": None},
            {"who": "new", "_ingested_at": new, "at": None},
        ],
        "silver.orders": [{"who": "x", "at": None}, {"who": "y", "at": new}],
        "governance.quarantine_silver_orders": [
            {"row_id": batch, "batch_id": batch, "record": masked} for batch in ("b1", "b2", "b3")
        ],
        "governance.ledger": [
            {"table_name": "silver.orders", "batch_id": "b1", "finished_at": old},
            {"table_name": "silver.orders", "batch_id": "b2", "finished_at": new},
        ],
    }
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(tmp_path / "lake")))
    for name, rows in tables.items():
        data = pa.Table.from_pylist(rows)
        if "at" in data.column_names:
            index = data.column_names.index("at")
            data = data.set_column(index, "at", data["at"].cast(pa.timestamp("us", "UTC")))
        write_deltalake(str(lake.folder(name)), data)
    run = Run("retention", lake, ContractBook({c.table: c for c in (visits, orders)}))
    found = {e.table: (e.rows, e.ageless) for e in expire(run, NOW)}
    assert found == {
        "bronze.visits": (1, 0),
        "silver.orders": (0, 1),
        "governance.quarantine_silver_orders": (1, 1),
    }
    assert names(run) == ["new"]
    held = run.lake.read("governance.quarantine_silver_orders").collect()
    assert sorted(r.row_id for r in held) == ["b2", "b3"]


def test_a_contract_says_how_long(tmp_path: Path) -> None:
    contract, _ = parse_contract(conf_dir() / "contracts" / "bronze" / "unread.yml")
    assert contract is not None
    assert (contract.retention, contract.retention_column) == (timedelta(days=90), "_ingested_at")
    text = (conf_dir() / "contracts" / "bronze" / "unread.yml").read_text()
    wrong = tmp_path / "unread.yml"
    wrong.write_text(text.replace("element: unread._ingested_at", "element: unread.age"))
    _, problems = parse_contract(wrong)
    assert "names no column" in str(problems[0])
