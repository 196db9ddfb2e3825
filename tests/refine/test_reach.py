"""Rows that are tied together are found to the end, and no others."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from shoplake.refine.reach import reach

Row = tuple[str, str | None, str | None]


def oracle(rows: list[Row], start: set[str]) -> set[str]:
    values, found = set(start), set[str]()
    while True:
        more = {r[0] for r in rows if values & {r[1], r[2]}} - found
        if not more:
            return found
        found |= more
        values |= {v for r in rows if r[0] in more for v in r[1:] if v is not None}


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(*[st.none() | st.sampled_from("abcdefg")] * 2), max_size=12))
def test_as_the_oracle_finds_them(
    spark: SparkSession, pairs: list[tuple[str | None, str | None]]
) -> None:
    rows = [(f"r{i}", *pair) for i, pair in enumerate(pairs)]
    frame = spark.createDataFrame(rows, "row_id string, one string, other string")
    assert reach(frame, ["one", "other"], {"a"}, 100) == oracle(rows, {"a"})


def test_too_many_are_given_up(spark: SparkSession) -> None:
    rows = [(f"r{i}", "a", f"v{i}") for i in range(5)]
    frame = spark.createDataFrame(rows, "row_id string, one string, other string")
    assert reach(frame, ["one", "other"], {"a"}, 4) is None
    assert len(reach(frame, ["one", "other"], {"a"}, 5) or ()) == 5
