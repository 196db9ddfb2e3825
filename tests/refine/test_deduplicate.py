from __future__ import annotations

import random
from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from shoplake.refine.deduplicate import mark_duplicates

FAILURES = "array<struct<column:string,value:string>>"
SCHEMA = (
    f"row_id string, key string, at timestamp, _cast_failures {FAILURES}, "
    "_arrival struct<_ingested_at:timestamp,_file:string,_row:bigint>, _said bigint"
)
BAD = [("at", "x")]
#: When a record came.
Arrival = tuple[int, str, int]
AT_ONCE: Arrival = (1, "f", 1)


def marked(
    spark: SparkSession,
    rows: list[tuple],
    partitions: int = 1,
    came: dict[str, tuple[Arrival, int]] | None = None,
) -> dict[str, str | None]:
    """Whose duplicate each is; `came`: when it came and what it says, by row_id."""
    data = []
    for n, (i, k, t, bad) in enumerate(rows):
        (day, file, row), said = (came or {}).get(i, (AT_ONCE, n))
        arrival = (datetime(2020, 1, day), file, row)
        data.append((i, k, datetime.fromisoformat(t) if t else None, bad, arrival, said))
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


def test_of_one_time_the_last_to_come_counts(spark: SparkSession) -> None:
    """Whatever their hashes: by batch, then by file and place."""
    at = "2020-01-01"
    rows: list[tuple] = [
        (i, key, at, []) for key in ("k", "l") for i in (f"{key}1", f"{key}2", f"{key}3")
    ]
    came = {
        "k1": ((2, "a", 1), 1), "k2": ((1, "b", 9), 2), "k3": ((1, "a", 10), 3),
        "l1": ((1, "kafka:t/0", 7), 1), "l2": ((1, "kafka:t/0", 12), 2),
        "l3": ((1, "kafka:t/0", 11), 3),
    }  # fmt: skip
    assert marked(spark, rows, 2, came) == {
        "k1": None, "k2": "k1", "k3": "k1", "l1": "l2", "l2": None, "l3": "l2",
    }  # fmt: skip


def test_what_is_delivered_again_takes_back_no_correction(spark: SparkSession) -> None:
    rows: list[tuple] = [(i, "k", "2020-01-01", []) for i in ("old", "new", "again")]
    came = {"old": ((1, "f", 1), 5), "new": ((1, "f", 2), 3), "again": ((2, "f", 3), 5)}
    assert marked(spark, rows, 1, came) == {"old": "new", "new": None, "again": "new"}


def test_rows_are_moved_once(spark: SparkSession) -> None:
    frame = spark.createDataFrame([], SCHEMA)
    plan = mark_duplicates(frame, ["key"], latest="at")._jdf.queryExecution().executedPlan()  # type: ignore[operator]
    assert plan.toString().count("Exchange hashpartitioning") == 1


@pytest.mark.parametrize("seed", range(3))
def test_survivor_depends_on_no_order_and_no_partitions(spark: SparkSession, seed: int) -> None:
    shuffle = random.Random(seed)
    rows = [
        (f"r{i}", f"k{i % 3}", shuffle.choice(["2020-01-01", "2020-01-02", None]), [])
        for i in range(12)
    ]
    came = {f"r{i}": ((1 + i % 2, "f", i), i % 5) for i in range(12)}
    expected = marked(spark, rows, came=came)
    shuffle.shuffle(rows)
    assert marked(spark, rows, partitions=seed + 2, came=came) == expected
