"""A table is made to hold exactly the rows given, and files without a change stay."""

from __future__ import annotations

import dataclasses

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.model import Contract
from shoplake.governance.ledger import ensure
from shoplake.governance.mirror import LITTLE, mirror
from shoplake.governance.run import Run

SCHEMA = "id string, price double, owner string, row_id string"
Row = tuple[str, float | None, str | None, str]

pytestmark = pytest.mark.slow


def fill(run: Run, items: Contract, rows: list[Row]) -> None:
    """The table with these rows, those of an owner in a file of their own."""
    ensure(run.lake, items)
    owners = {row[2] for row in rows}
    for owner in owners:
        part = run.lake.spark.createDataFrame([r for r in rows if r[2] == owner], SCHEMA)
        path = str(run.lake.folder(items.table))
        part.coalesce(1).write.format("delta").mode("append").save(path)


def held(run: Run, items: Contract) -> list[tuple[object, ...]]:
    return sorted(map(tuple, run.lake.read(items.table).collect()))


def test_only_files_with_a_change_are_written_anew(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    before: list[Row] = [("a", 1.0, "ann", "r1"), ("b", 2.0, "bob", "r2"), ("c", None, "cid", "r3")]
    fill(run, items, before)
    files = set(run.lake.read(items.table).inputFiles())
    after: list[Row] = [*before[:2], ("c", 3.0, "cid", "r3"), ("d", 4.0, "dan", "r4")]
    mirror(run.lake, items, spark.createDataFrame(after, SCHEMA), None, little=0)
    assert held(run, items) == sorted(after)
    assert len(files & set(run.lake.read(items.table).inputFiles())) == 2


@pytest.mark.parametrize("little", [0, LITTLE], ids=["merged", "anew"])
@pytest.mark.parametrize("slices", [None, [("ann",), ("new",)]], ids=["whole", "slices"])
def test_rows_change_come_and_go(
    run: Run,
    items: Contract,
    spark: SparkSession,
    slices: list[tuple[object, ...]] | None,
    little: int,
) -> None:
    table = dataclasses.replace(items, slice_by=("owner",) if slices else ())
    same, mended, gone = ("a1", 1.0, "ann", "r"), ("a2", 2.0, "ann", "r"), ("a3", 3.0, "ann", "r")
    moved, other = ("m", 5.0, "bob", "r"), ("b", 6.0, "bob", "r")
    fill(run, table, [same, mended, gone, moved, other])
    wanted: list[Row] = [
        same,
        ("a2", None, "ann", "r"),
        ("m", 5.0, "new", "r"),
        ("n", 1.0, "new", "r"),
    ]
    mirror(run.lake, table, spark.createDataFrame(wanted, SCHEMA), slices, little=little)
    assert held(run, table) == sorted([*wanted, *([other] if slices else [])], key=lambda r: r[0])


@pytest.mark.parametrize("pattern", [True, False], ids=["with a pattern", "without"])
def test_few_rows_take_the_place_of_all(
    run: Run, items: Contract, spark: SparkSession, pattern: bool
) -> None:
    """Also where delta-rs does not know what a constraint says, and Spark writes."""
    table = items if pattern else dataclasses.replace(items, check_constraints="stop")
    fill(run, table, [("a", 1.0, "ann", "r1"), ("b", 2.0, "bob", "r2")])
    after: list[Row] = [("b", 3.0, "bob", "r2"), ("c", None, None, "r3")]
    mirror(run.lake, table, spark.createDataFrame(after, SCHEMA), None, few=True)
    assert held(run, table) == after
    operation = run.lake.delta(table.table).history(1).select("engineInfo").first()
    assert operation is not None
    assert ("delta-rs" in operation[0]) is not pattern


def test_few_rows_that_break_a_constraint_are_refused(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    fill(run, items, [("a", 1.0, "ann", "r1")])
    with pytest.raises(Exception, match="price_range"):
        mirror(
            *(run.lake, items, spark.createDataFrame([("a", -1.0, "x", "r")], SCHEMA), None),
            few=True,
        )
    assert held(run, items) == [("a", 1.0, "ann", "r1")]
