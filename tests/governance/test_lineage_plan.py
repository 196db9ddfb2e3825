"""Columns traced through every kind of operator: what flows into each, and what decides it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession, Window, WindowSpec
from pyspark.sql import functions as F

from shoplake.contracts.ddl import create_table
from shoplake.contracts.model import Column, Contract
from shoplake.governance.lineage.edges import UNKNOWN
from shoplake.governance.lineage.expressions import UntracedError
from shoplake.governance.lineage.frame import Frame
from shoplake.governance.lineage.scans import Scanner, table_of_identifier, table_of_path
from shoplake.governance.run import Run

#: Two tables: lines(id, item, n, at, tags) keyed by id, and items(item, price), keyed by item.
LINES = Contract(
    "silver.lines", "1.0.0", "", "", (
        Column("id", "string", True, 1), Column("item", "string"), Column("n", "int"),
        Column("at", "date"), Column("tags", "array<string>"),
    ), (),
)  # fmt: skip
ITEMS = Contract(
    "silver.items", "1.0.0", "", "",
    (Column("item", "string", True, 1), Column("price", "double")), (),
)  # fmt: skip

Make = Callable[[DataFrame, DataFrame], DataFrame]


@pytest.fixture(scope="module")
def tables(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> tuple[DataFrame, DataFrame, Scanner]:
    import dataclasses

    from shoplake.runtime.lake import Lake
    from shoplake.runtime.settings import load

    folder = tmp_path_factory.mktemp("plans") / "lake"
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(folder)))
    for contract in (LINES, ITEMS):
        spark.sql(create_table(contract, lake.identifier(contract.table)))
    keys = {c.table: c.key for c in (LINES, ITEMS)}
    scanner = Scanner(lake.settings, lambda table: keys.get(table, ()))
    return lake.read("silver.lines"), lake.read("silver.items"), scanner


def said(frame: Frame, column: str, kind: str) -> str:
    """`lines.n aggregation, items.price identity`."""
    return _text(o for o in frame.named()[column] if o.kind == kind)


def deciding_rows(frame: Frame) -> str:
    return _text(frame.rows)


def _text(origins: Iterable[tuple[str, str | None, str, str, bool]]) -> str:
    return ", ".join(
        sorted(f"{table.removeprefix('silver.')}.{c} {how}" for table, c, _, how, _ in origins)
    )


def by_item() -> WindowSpec:
    return Window.partitionBy("item").orderBy("at")


FLOWS: dict[str, tuple[Make, str, str, str]] = {
    # name: (make, column, what flows into it, what decides it)
    "rename": (lambda a, b: a.select(F.col("n").alias("x")), "x", "lines.n identity", ""),
    "function": (
        lambda a, b: a.select((F.col("n") + F.length("item")).alias("x")),
        "x", "lines.item transformation, lines.n transformation", "",
    ),
    "case": (
        lambda a, b: a.select(F.when(F.col("item") == "a", F.col("n")).otherwise(0).alias("x")),
        "x", "lines.n transformation", "lines.item conditional",
    ),
    "case of three": (
        lambda a, b: a.select(
            F.when(F.col("item") == "a", F.col("n")).when(F.col("id") == "b", 1).alias("x")
        ),
        "x", "lines.n transformation", "lines.id conditional, lines.item conditional",
    ),
    "literal": (lambda a, b: a.select(F.lit(1).alias("x")), "x", "", ""),
    "filter leaves values alone": (
        lambda a, b: a.where("n > 1").select("item"), "item", "lines.item identity", ""
    ),
    "group": (
        lambda a, b: a.where("at > '2020-01-01'").groupBy("item").agg(F.sum("n").alias("x")),
        "x", "lines.n aggregation", "lines.at filter, lines.item group",
    ),
    "group key": (
        lambda a, b: a.groupBy("item").agg(F.sum("n")), "item", "lines.item identity", ""
    ),
    "window": (
        lambda a, b: a.select("id", F.sum("n").over(by_item()).alias("x")),
        "x", "lines.n aggregation", "lines.at window, lines.item window",
    ),
    "window over some rows": (
        lambda a, b: a.where("id > 'a'").select(F.max("n").over(by_item()).alias("x")),
        "x", "lines.n aggregation", "lines.at window, lines.id filter, lines.item window",
    ),
    "row number": (
        lambda a, b: a.select(F.row_number().over(by_item()).alias("x")),
        "x", "", "lines.at window, lines.item window",
    ),
    "rank": (
        lambda a, b: a.select(F.rank().over(by_item()).alias("x")),
        "x", "", "lines.at window, lines.item window",
    ),
    "join by a key": (
        lambda a, b: a.join(b, "item", "left"),
        "price", "items.price identity", "items.item join, lines.item join",
    ),
    "join by a key leaves the left alone": (
        lambda a, b: a.join(b, "item", "left"), "n", "lines.n identity", ""
    ),
    "join": (
        lambda a, b: a.join(b.where("price > 0"), a.n == b.price),
        "item", "items.item identity", "items.price filter, items.price join, lines.n join",
    ),
    "union": (
        lambda a, b: a.select("item").union(b.select("item")),
        "item", "items.item identity, lines.item identity", "",
    ),
    "explode": (
        lambda a, b: a.select("id", F.explode("tags").alias("x")),
        "x", "lines.tags transformation", "",
    ),
    "nested function": (
        lambda a, b: a.select(F.filter("tags", lambda t: t == F.col("item")).alias("x")),
        "x", "lines.tags transformation", "lines.item conditional",
    ),
    "pandas function": (
        lambda a, b: a.select(F.pandas_udf(_same, "int")("n").alias("x")),
        "x", "lines.n transformation", "",
    ),
    "whole rows in Python": (
        lambda a, b: a.select("id", "n").mapInPandas(_frames, "id string"),
        "id", "lines.id transformation, lines.n transformation", "",
    ),
    "groups in Python": (
        lambda a, b: a.select("id", "n").groupBy("id").applyInPandas(_same, "id string, n int"),
        "n", "lines.id transformation, lines.n transformation", "",
    ),
    "one of equals": (
        lambda a, b: a.dropDuplicates(["item"]), "n", "lines.n identity", "lines.item group"
    ),
    "filtered aggregate": (
        lambda a, b: a.groupBy().agg(F.expr("sum(n) FILTER (WHERE item = 'a')").alias("x")),
        "x", "lines.n aggregation", "lines.item filter",
    ),
    "greatest by": (
        lambda a, b: a.groupBy().agg(F.max_by("item", "at").alias("x")),
        "x", "lines.item aggregation", "lines.at sort",
    ),
    "field of a chosen struct": (
        lambda a, b: a.groupBy("item").agg(F.max_by(F.struct("n", "id"), "at").alias("s"))
        .select("item", F.col("s.n").alias("x")),
        "x", "lines.n aggregation", "lines.at sort, lines.item group",
    ),
    "field of the greatest struct": (
        lambda a, b: a.groupBy("item").agg(F.max(F.struct("at", "n", "id")).alias("s"))
        .select(F.col("s").alias("r")).select(F.col("r.n").alias("x")),
        "x", "lines.n aggregation", "lines.at sort, lines.id sort, lines.item group, lines.n sort",
    ),
    "field of a struct after a join": (
        lambda a, b: b.join(a.where("id > 'a'").select("item", F.struct("n", "at").alias("s")), "item")
        .select("s.n"),
        "n", "lines.n identity", "items.item join, lines.id filter, lines.item join",
    ),
    "a struct as a whole": (
        lambda a, b: a.select(F.struct("n", "id").alias("s")).select(F.hash("s").alias("x")),
        "x", "lines.id transformation, lines.n transformation", "",
    ),
    "rollup": (
        lambda a, b: a.rollup("item").agg(F.sum("n").alias("x")),
        "item", "lines.item identity", "",
    ),
    "view within a query": (
        lambda a, b: _cte(a, b), "x", "items.price aggregation", "items.item group, items.price filter"
    ),
    "self join": (
        lambda a, b: a.alias("p").join(a.alias("q"), "item").select(F.col("q.n").alias("x")),
        "x", "lines.n identity", "lines.item join",
    ),
}  # fmt: skip

ROWS: dict[str, tuple[Make, str]] = {
    "projection": (lambda a, b: a.select("id"), ""),
    "filter": (lambda a, b: a.where("n > 1").select("id"), "lines.n filter"),
    "join by a key": (lambda a, b: a.join(b, "item", "left"), ""),
    "join by no key": (
        lambda a, b: a.join(b, a.n == b.price, "left"), "items.price join, lines.n join"
    ),
    "half join": (
        lambda a, b: a.join(b, "item", "left_semi"), "items.item join, lines.item join"
    ),
    "half join of a filtered table": (
        lambda a, b: a.join(b.where("price > 1"), "item", "left_anti"),
        "items.item join, items.price filter, lines.item join",
    ),
    "group": (lambda a, b: a.groupBy("item").count(), "lines.item group"),
    "distinct": (lambda a, b: a.select("item").distinct(), "lines.item group"),
    "first of an order": (lambda a, b: a.orderBy("at").limit(1), "lines.at sort"),
    "explode": (lambda a, b: a.select(F.explode("tags")), "lines.tags filter"),
    "difference": (
        lambda a, b: a.select("item").exceptAll(b.select("item")),
        "items.item filter, lines.item filter",
    ),
    "join by what was grouped": (
        lambda a, b: a.join(a.groupBy("item").agg(F.max("n").alias("m")), "item", "left"), ""
    ),
    "join by more than was grouped": (
        lambda a, b: a.join(
            a.groupBy("item", "at").agg(F.max("n").alias("m")), "item", "left"
        ),
        "lines.at group, lines.item group, lines.item join",
    ),
}  # fmt: skip


def _same(values: pd.Series) -> pd.Series:
    return values


def _frames(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    yield from frames


def _cte(a: DataFrame, b: DataFrame) -> DataFrame:
    b.createOrReplaceTempView("lineage_items")
    return a.sparkSession.sql(
        "WITH t AS (SELECT item, max(price) AS x FROM lineage_items WHERE price > 1 GROUP BY item) "
        "SELECT x FROM t"
    )


@pytest.mark.parametrize("name", FLOWS)
def test_what_a_column_is_made_of(tables: tuple[DataFrame, DataFrame, Scanner], name: str) -> None:
    lines, items, scanner = tables
    make, column, flows, decides = FLOWS[name]
    frame = scanner.frame(make(lines, items))
    assert (said(frame, column, "direct"), said(frame, column, "indirect")) == (flows, decides)


@pytest.mark.parametrize("name", ROWS)
def test_what_decides_the_rows(tables: tuple[DataFrame, DataFrame, Scanner], name: str) -> None:
    lines, items, scanner = tables
    make, decides = ROWS[name]
    assert deciding_rows(scanner.frame(make(lines, items))) == decides


def test_a_hash_masks_and_what_it_is_made_of_is_still_told(
    tables: tuple[DataFrame, DataFrame, Scanner],
) -> None:
    lines, _, scanner = tables
    frame = scanner.frame(lines.select(F.sha2("item", 256).alias("x"), F.upper("item").alias("y")))
    assert [o.masked for o in frame.named()["x"]] == [True]
    assert [o.masked for o in frame.named()["y"]] == [False]


def test_values_of_the_driver_are_unknown(
    spark: SparkSession, tables: tuple[DataFrame, DataFrame, Scanner]
) -> None:
    lines, _, scanner = tables
    cut = spark.createDataFrame([("a", 1)], "item string, m int")
    frame = scanner.frame(lines.join(cut, "item").select("id", "m"))
    assert {o.table for o in frame.named()["m"] if o.kind == "direct"} == {UNKNOWN}
    assert {o.table for o in frame.named()["id"] if o.kind == "direct"} == {"silver.lines"}


def test_a_checkpoint_cuts_the_plan(tables: tuple[DataFrame, DataFrame, Scanner]) -> None:
    lines, _, scanner = tables
    frame = scanner.frame(lines.select("n").localCheckpoint())
    assert {o.table for o in frame.named()["n"]} == {UNKNOWN}


def test_a_held_frame_is_followed_through(tables: tuple[DataFrame, DataFrame, Scanner]) -> None:
    lines, _, scanner = tables
    held = lines.select(F.col("n").alias("m")).persist()
    held.count()
    assert said(scanner.frame(held.select("m")), "m", "direct") == "lines.n identity"
    held.unpersist()


def test_a_subquery_is_not_guessed_at(tables: tuple[DataFrame, DataFrame, Scanner]) -> None:
    lines, items, scanner = tables
    items.createOrReplaceTempView("lineage_items")
    with pytest.raises(UntracedError, match="subquery"):
        scanner.frame(lines.where("n > (SELECT max(price) FROM lineage_items)"))


def test_files_that_are_no_table_are_named_by_where_they_are(
    spark: SparkSession, run: Run, tmp_path: Path
) -> None:
    spark.range(1).write.parquet(str(tmp_path / "some"))
    frame = run.lineage.scanner().frame(spark.read.parquet(str(tmp_path / "some")))
    assert {o.table for o in frame.everything} == {f"files:{tmp_path}/some"}


def test_names_of_tables(run: Run) -> None:
    lake = run.lake.settings.lake
    assert table_of_path(f"file:{lake}/silver/orders", run.lake.settings) == "silver.orders"
    assert table_of_path(f"file:{lake}/raw/orders", run.lake.settings) is None
    assert table_of_identifier("main.silver.orders", run.lake.settings) == "silver.orders"
