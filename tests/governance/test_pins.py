"""A table is on record as made from what was read, and as holding what it holds."""

from __future__ import annotations

import dataclasses
import shutil

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Contract
from shoplake.governance.publish import publish
from shoplake.governance.run import Pinned, Run

COPIES = "silver.copies"


@pytest.fixture
def copying(run: Run, items: Contract) -> Run:
    """A run that knows a second table of the same columns."""
    copies = dataclasses.replace(items, table=COPIES)
    return Run(
        "test", run.lake, ContractBook({**{c.table: c for c in run.contracts}, COPIES: copies})
    )


def things(spark: SparkSession, *ids: str) -> DataFrame:
    rows = [(name, 1.0, "ann", name) for name in ids]
    return spark.createDataFrame(rows, "id string, price double, owner string, row_id string")


def put(run: Run, items: Contract, *ids: str) -> None:
    rows = things(run.lake.spark, *ids)
    publish(run.lake, run.ledger, rows, items, step="test", batch="".join(ids), inputs={})


def ids(run: Run, table: str) -> list[str]:
    return sorted(row.id for row in run.lake.read(table).collect())


def copy(read: Pinned) -> DataFrame:
    return read("silver.items")


def test_what_came_after_the_reading_is_read_the_next_time(copying: Run, items: Contract) -> None:
    put(copying, items, "a")
    pinned = copying.pins(["silver.items"])
    put(copying, items, "a", "b")
    copying.build(COPIES, copy, inputs=["silver.items"], pinned=pinned)
    assert ids(copying, COPIES) == ["a"]
    assert copying.ledger.inputs(copying.contracts[COPIES]) == pinned
    copying.build(COPIES, copy, inputs=["silver.items"])
    assert ids(copying, COPIES) == ["a", "b"]


def test_a_table_that_came_after_the_reading_was_not_there(copying: Run, items: Contract) -> None:
    pinned = copying.pins(["silver.items"])
    put(copying, items, "a")
    copying.build(COPIES, copy, inputs=["silver.items"], pinned=pinned)
    assert ids(copying, COPIES) == []
    assert copying.ledger.inputs(copying.contracts[COPIES]) == {}


def test_a_batch_is_not_there_after_somebody_wrote_to_its_table(run: Run, items: Contract) -> None:
    put(run, items, "a", "b")
    assert run.ledger.find(items, "ab") is not None
    run.lake.delta("silver.items").delete("id = 'a'")
    for ledger in (run.ledger, Run("test", run.lake, run.contracts).ledger):
        assert ledger.find(items, "ab") is None
    put(run, items, "a", "b")
    assert ids(run, "silver.items") == ["a", "b"]


def test_files_laid_anew_leave_a_batch_where_it_is(run: Run, items: Contract) -> None:
    put(run, items, "a")
    run.lake.delta("silver.items").optimize().executeCompaction()
    assert Run("test", run.lake, run.contracts).ledger.find(items, "a") is not None


def test_a_table_sliced_by_batch_holds_all_of_them(run: Run) -> None:
    answers = run.contracts["gold.answers"]
    for batch in ("first", "second"):
        rows = run.lake.spark.createDataFrame([], "a int").selectExpr(
            *(f"CAST(NULL AS {c.type}) AS `{c.name}`" for c in answers.columns)
        )
        publish(run.lake, run.ledger, rows, answers, step="test", batch=batch, inputs={})
    assert run.ledger.find(answers, "first") is not None
    shutil.rmtree(run.lake.folder("gold.answers"))
    assert run.ledger.find(answers, "first") is None
