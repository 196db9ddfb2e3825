"""Small tables read into the driver without Spark say what Spark says."""

from __future__ import annotations

from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import load

TABLE = "governance.told"
ROWS = [
    ("a", 1, datetime(2026, 3, 1, 23, 30), [1.5], bytearray(b"x")),
    ("b", None, datetime(2026, 3, 2), None, None),
    ("b", 3, datetime(2026, 3, 3), [], bytearray(b"y")),
]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = Lake(spark, load("local", lake=str(tmp_path_factory.mktemp("rows") / "lake")))
    df = spark.createDataFrame(ROWS, "k string, n int, at timestamp, d array<double>, s binary")
    for part in (df.where("k = 'a'"), df.where("k = 'b'")):
        part.write.format("delta").mode("append").save(str(made.folder(TABLE)))
    return made


def test_rows_are_those_that_spark_reads(lake: Lake) -> None:
    of_spark = [r.asDict() for r in lake.read(TABLE).orderBy("at").collect()]
    assert sorted(lake.rows(TABLE), key=lambda r: r["at"]) == of_spark


def test_only_rows_and_columns_asked_for_come(lake: Lake) -> None:
    found = lake.rows(TABLE, ("n", "not_there"), {"k": "b"})
    assert sorted(found, key=lambda r: r["n"] or 0) == [
        {"n": None, "not_there": None},
        {"n": 3, "not_there": None},
    ]


def test_no_table_has_no_rows(lake: Lake) -> None:
    assert lake.rows("governance.absent") == []


def test_rows_of_a_pinned_version_are_counted(lake: Lake) -> None:
    assert [lake.count(TABLE, version) for version in (0, 1)] == [1, 3]


def test_files_without_statistics_are_counted_too(lake: Lake, spark: SparkSession) -> None:
    name = "governance.untold"
    spark.conf.set("spark.databricks.delta.stats.collect", "false")
    try:
        spark.range(5).write.format("delta").save(str(lake.folder(name)))
    finally:
        spark.conf.unset("spark.databricks.delta.stats.collect")
    assert lake.count(name, 0) == 5


def test_rows_of_a_value_are_read_once_and_are_the_same(lake: Lake) -> None:
    of = lake.rows_of(TABLE, "k", ("k", "n", "at", "not_there"), "at")
    wanted = lake.rows(TABLE, ("k", "n", "at", "not_there"), {"k": "b"})
    wanted.sort(key=lambda r: r["at"])
    assert sorted(of("b", None), key=lambda r: r["at"]) == wanted
    assert of("b", 1) == wanted[-1:]
    assert of("c", 1) == of("c", None) == []
    assert lake.rows_of("governance.nothing", "k", ("k",), "k")("a", None) == []


def test_a_column_has_one_of_the_values_asked_for(lake: Lake) -> None:
    found = lake.arrow(TABLE, ["n"], where=("k", ["b", "c"]))
    assert sorted(found.column("n").to_pylist(), key=str) == [3, None]
    assert lake.arrow(TABLE, ["n"], where=("k", [])).num_rows == 0
    assert lake.arrow(TABLE, ["n"], 0, ("k", ["b"])).num_rows == 0
