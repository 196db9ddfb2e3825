from __future__ import annotations

import random
from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.model import Column, Contract, Rule
from shoplake.refine.deduplicate import breach, mark_duplicates

FAILURES = "array<struct<column:string,value:string>>"
SCHEMA = (
    f"row_id string, key string, at timestamp, _cast_failures {FAILURES}, "
    "_arrival struct<_ingested_at:timestamp,_file:string,_row:bigint>, _said bigint, price int"
)
CONTRACT = Contract(
    "silver.things", "1.0.0", "", "",
    (Column("key", "string"), Column("price", "int"), Column("session", "string")),
    (
        Rule("price", "range", ("price",), minimum="0"),
        Rule("warned", "range", ("price",), "warn", maximum="5"),
        Rule("session", "not_null", ("session",)),
    ),
)  # fmt: skip
BAD = [("at", "x")]
#: When a record came.
Arrival = tuple[int, str, int]
AT_ONCE: Arrival = (1, "f", 1)


def marked(
    spark: SparkSession,
    rows: list[tuple],
    partitions: int = 1,
    came: dict[str, tuple[Arrival, int]] | None = None,
    prices: dict[str, int] | None = None,
) -> dict[str, str | None]:
    """Whose duplicate each is; `came`: when it came and what it says, by row_id.

    One that does not stand, though it is nobody's duplicate, is said to be 'held'.
    """
    data = []
    for n, (i, k, t, bad) in enumerate(rows):
        (day, file, row), said = (came or {}).get(i, (AT_ONCE, n))
        arrival = (datetime(2020, 1, day), file, row)
        at = datetime.fromisoformat(t) if t else None
        data.append((i, k, at, bad, arrival, said, (prices or {}).get(i)))
    frame = spark.createDataFrame(data, SCHEMA).repartition(partitions)
    broken = breach(frame, CONTRACT)
    rows = mark_duplicates(frame, ["key"], latest="at", broken=broken).collect()
    found = {row["row_id"]: row["_duplicate_of"] for row in rows}
    assert not [row for row in rows if row["_stands"] and row["_duplicate_of"]]
    return found | {
        row["row_id"]: "held" for row in rows if not (row["_stands"] or row["_duplicate_of"])
    }


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
    made = mark_duplicates(frame, ["key"], latest="at", broken=breach(frame, CONTRACT))
    plan = made._jdf.queryExecution().executedPlan().toString()  # type: ignore[operator]
    assert plan.count("Exchange hashpartitioning") == 1
    assert plan.count("Window [") == 2


def test_a_broken_correction_is_held_and_what_it_corrects_stands(spark: SparkSession) -> None:
    days = ("2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04")
    rows: list[tuple] = [(f"{key}{n}", key, days[n], []) for key in "abc" for n in range(4)]
    rows += [("d0", "d", days[0], []), ("d1", "d", days[1], BAD)]
    prices = {"a2": -1, "a3": -1, "b1": -1, "b0": -1} | dict.fromkeys(("c0", "c1", "c2", "c3"), -1)
    assert marked(spark, rows, 1, prices=prices | {"d0": -1, "d1": -1}) == {
        "a0": "a1", "a1": None, "a2": "a3", "a3": "held",
        "b0": "b3", "b1": "b3", "b2": "b3", "b3": None,
        # With nothing to stand in for it.
        "c0": "c3", "c1": "c3", "c2": "c3", "c3": None, "d0": None, "d1": None,
    }  # fmt: skip


def test_rules_about_what_is_made_later_are_passed_over(spark: SparkSession) -> None:
    """A session as sent may be null, and is not when it is judged."""
    frame = spark.sql("SELECT 'a' AS key, 1 AS price, CAST(NULL AS STRING) AS session")
    found = frame.select(
        breach(frame, CONTRACT),
        breach(frame, CONTRACT, later=["session"]),
        breach(frame.drop("session"), CONTRACT),
        breach(frame, CONTRACT, skip=["not_null"]),
    ).collect()
    assert [tuple(row) for row in found] == [(True, False, False, False)]


def expected(rows: list[tuple], came: dict, prices: dict[str, int]) -> dict[str, str | None]:
    """The oracle: groups sorted by hand."""
    found: dict[str, str | None] = {i: None for i, *_ in rows}
    groups: dict[tuple, list[tuple]] = {}
    for row in rows:
        if row[1] is not None:
            groups.setdefault((row[1], not row[3]), []).append(row)
    for (_, sound), group in groups.items():
        first: dict[int, str] = {}
        for i, *_ in sorted(group, key=lambda r: (came[r[0]][0], r[0])):
            first.setdefault(came[i][1], i)
        new = set(first.values())
        best = sorted(group, key=lambda r: r[0])
        best.sort(key=lambda r: came[r[0]][0], reverse=True)
        best.sort(key=lambda r: r[0] not in new)
        best.sort(key=lambda r: r[2] or "", reverse=True)
        ids = [row[0] for row in best]
        whole = [i for i in ids if not sound or prices.get(i, 0) >= 0] or ids
        for i in ids:
            found[i] = whole[0] if ids.index(i) > ids.index(whole[0]) else ids[0]
        found[whole[0]] = None
        if ids[0] != whole[0]:
            found[ids[0]] = "held"
    return found


@pytest.mark.parametrize("seed", range(3))
def test_survivors_agree_with_the_oracle(spark: SparkSession, seed: int) -> None:
    dice = random.Random(seed)
    rows: list[tuple] = []
    came: dict[str, tuple[Arrival, int]] = {}
    prices: dict[str, int] = {}
    for n in range(300):
        i = f"r{n:03}"
        key = None if n % 50 == 0 else f"k{dice.randint(0, 60)}"
        day = dice.choice(["2020-01-01", "2020-01-02", "2020-01-03", None])
        rows.append((i, key, day, BAD if dice.random() < 0.1 else []))
        came[i] = (dice.randint(1, 3), dice.choice("fg"), n), dice.randint(0, 2)
        prices[i] = dice.choice([-1, 1, 9])
    assert marked(spark, rows, 1 + seed, came, prices) == expected(rows, came, prices)


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
