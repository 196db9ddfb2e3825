"""A rule about a group looks at the rows that enter the table, and at none that others hold."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.model import Column, Contract, Rule
from shoplake.governance.judge import judge, rule_broken

LARGE = Rule("large", "group", ("club",), per=("club",), condition="count(*) >= 3")
OTHERS = {
    "range": Rule("grown", "range", ("age",), minimum="18"),
    "reference": Rule("known", "reference", ("who",), reference=("silver.people", "who")),
    "unique": Rule("once", "unique", ("who",)),
}
PEOPLE = ["ann", "bob", "cid", "dan"]
ROWS = {
    "range": [("a", "ann", 40), ("a", "bob", 41), ("a", "cid", 7)],
    "reference": [("a", "ann", 40), ("a", "bob", 41), ("a", "nobody", 40)],
    "unique": [("a", "ann", 40), ("a", "bob", 41), ("a", "ann", 40)],
}


def large(spark: SparkSession, rows: list[tuple[str, str, int]], other: Rule) -> dict[int, bool]:
    """row_id -> whether its group is said to be too small."""
    columns = tuple(
        Column(n, t) for n, t in (("club", "string"), ("who", "string"), ("age", "int"))
    )
    contract = Contract(
        "silver.members", "1.0.0", "", "", (*columns, Column("row_id", "string")), (LARGE, other)
    )
    df = spark.createDataFrame(
        [(*row, str(i)) for i, row in enumerate(rows)],
        "club string, who string, age int, row_id string",
    )
    people = spark.createDataFrame([(name,) for name in PEOPLE], "who string")
    judged = judge(df, contract, {"silver.people": people}.get)
    found = judged.select("row_id", rule_broken(0).alias("broken")).collect()
    return {int(r["row_id"]): r["broken"] for r in found}


@pytest.mark.parametrize("kind", OTHERS)
def test_who_is_held_does_not_make_a_group_large(spark: SparkSession, kind: str) -> None:
    assert large(spark, ROWS[kind], OTHERS[kind]) == {0: True, 1: True, 2: False}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_group_is_large_by_those_who_enter(spark: SparkSession, kind: str) -> None:
    rows = [*ROWS[kind], ("a", "dan", 50)]
    assert large(spark, rows, OTHERS[kind]) == dict.fromkeys(range(4), False)


def test_who_is_only_warned_of_enters(spark: SparkSession) -> None:
    warned = Rule("grown", "range", ("age",), "warn", minimum="18")
    assert large(spark, ROWS["range"], warned) == dict.fromkeys(range(3), False)
