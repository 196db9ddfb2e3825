from __future__ import annotations

import random
from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from shoplake.refine.deduplicate import mark_duplicates

FAILURES = "array<struct<column:string,value:string>>"
SCHEMA = f"row_id string, key string, at timestamp, _cast_failures {FAILURES}"
BAD = [("at", "x")]


def marked(spark: SparkSession, rows: list[tuple], partitions: int = 1) -> dict[str, str | None]:
    data = [(i, k, datetime.fromisoformat(t) if t else None, bad) for i, k, t, bad in rows]
    frame = spark.createDataFrame(data, SCHEMA).repartition(partitions)
    found = mark_duplicates(frame, ["key"], latest="at").collect()
    return {row["row_id"]: row["_duplicate_of"] for row in found}


def test_latest_then_smallest_row_survives(spark: SparkSession) -> None:
    rows = [
        ("a", "k", "2020-01-01", []),
        ("c", "k", "2020-01-02", []),
        ("b", "k", "2020-01-02", []),
        ("d", "other", None, []),
    ]
    assert marked(spark, rows) == {"a": "b", "b": None, "c": "b", "d": None}


def test_uncast_rows_neither_hide_nor_are_hidden(spark: SparkSession) -> None:
    rows = [("a", "k", None, BAD), ("b", "k", None, BAD), ("c", "k", "2020-01-01", [])]
    assert marked(spark, rows) == {"a": None, "b": "a", "c": None}


def test_rows_without_a_key_are_no_duplicates(spark: SparkSession) -> None:
    assert marked(spark, [("a", None, None, []), ("b", None, None, [])]) == {"a": None, "b": None}


@pytest.mark.parametrize("seed", range(3))
def test_survivor_depends_on_no_order_and_no_partitions(spark: SparkSession, seed: int) -> None:
    shuffle = random.Random(seed)
    rows = [
        (f"r{i}", f"k{i % 3}", shuffle.choice(["2020-01-01", "2020-01-02", None]), [])
        for i in range(12)
    ]
    expected = marked(spark, rows)
    shuffle.shuffle(rows)
    assert marked(spark, rows, partitions=seed + 2) == expected
