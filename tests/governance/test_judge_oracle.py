"""The rule plan against a plain-Python oracle, whatever the partitioning."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from shoplake.contracts.model import Contract
from shoplake.governance.judge import judge, reasons

VALUES = st.tuples(
    st.one_of(st.none(), st.sampled_from(["a", "b", "", "ä"])),
    st.one_of(st.none(), st.sampled_from([0.0, -0.0, 100.0, 100.1, -1e-9, math.nan, math.inf])),
    st.one_of(st.none(), st.text(max_size=3)),
)


def oracle(rows: list[tuple[str | None, float | None, str | None, str]]) -> dict[str, set[str]]:
    broken: dict[str, set[str]] = {}
    first: dict[str, str] = {}

    for row in sorted(rows, key=lambda row: row[3]):
        key, price, owner, row_id = row
        found = set()
        if key is None:
            found.add("id_not_null")
        if price is not None and not (0 <= price <= 100):
            found.add("price_range")
        if owner is not None and not re.fullmatch("[a-z]+", owner):
            found.add("owner_pattern")
        # What is held for itself takes its key from no other.
        if not found and first.setdefault(key, row_id) != row_id:
            found.add("key_unique")
        broken[row_id] = found
    return broken


@pytest.mark.usefixtures("compiled")
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(VALUES, min_size=1, max_size=25), partitions=st.integers(1, 5))
def test_verdicts_equal_the_oracles(
    spark: SparkSession,
    items: Contract,
    rows: list[tuple[str | None, float | None, str | None]],
    partitions: int,
) -> None:
    data = [(*row, f"r{i:03d}") for i, row in enumerate(rows)]
    df = spark.createDataFrame(data, "id string, price double, owner string, row_id string")
    judged = judge(df.repartition(partitions), items, lambda _: df)
    found = judged.select("row_id", reasons(items, judged.columns).alias("why")).collect()
    assert len(found) == len(data)
    assert {r.row_id: {x.rule for x in r.why} for r in found} == oracle(data)
