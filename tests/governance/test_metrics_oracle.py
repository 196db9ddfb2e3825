"""States of columns against plain Python: taken at once, or merged from any cut into batches."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random
from typing import Any

import nasty
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from shoplake.contracts.model import Column, Contract, Rule
from shoplake.governance.judge import judge
from shoplake.governance.metrics import State, Wanted, merged, wanted
from shoplake.governance.passes import Pass

MEASURES = ("null_count", "null_share", "mean", "sum", "min", "max", "stddev", "distinct_count")
BINS = {("x", ""): ("-1.0", "0.0", "1.0"), ("s", ""): ("a", "ä")}


def aggregate(column: str, measure: str, where: str | None = None) -> Rule:
    return Rule(
        f"{column}_{measure}_{where}", "aggregate", (column,), "warn", measure=measure, where=where
    )


RULES = (
    Rule("x_there", "not_null", ("x",), "quarantine", where="n = 9"),
    *(aggregate(c, m) for c in ("x", "n") for m in MEASURES),
    *(aggregate("n", m, "s = 'a'") for m in MEASURES),
    aggregate("s", "distinct_count"),
    Rule("x_drift", "drift", ("x",), "warn", measure="psi"),
    Rule("s_drift", "drift", ("s",), "warn", measure="psi"),
)
CONTRACT = Contract(
    "silver.t",
    "1.0.0",
    "",
    "",
    (Column("x", "double"), Column("n", "int"), Column("s", "string"), Column("row_id", "string")),
    RULES,
)


def expected(values: list[Any], measure: str) -> float | None:
    there = [float(v) for v in values if v is not None]
    nan = any(math.isnan(v) for v in there)
    if measure == "null_count":
        return len(values) - len(there)
    if measure == "null_share":
        return (len(values) - len(there)) / len(values) if values else None
    if measure == "distinct_count":
        return len({nasty.key(v) for v in there})
    if not there:
        return None
    if measure in ("mean", "sum"):
        total = sum(there)
        return total if measure == "sum" else total / len(there)
    if measure == "min":
        numbers = [v for v in there if not math.isnan(v)]
        return min(numbers) if numbers else math.nan
    if measure == "max":
        return math.nan if nan else max(there)
    if len(there) < 2:
        return None
    if not all(map(math.isfinite, there)):
        return math.nan
    mean = sum(there) / len(there)
    return math.sqrt(sum((v - mean) ** 2 for v in there) / (len(there) - 1))


def states(spark: SparkSession, rows: list[tuple[Any, ...]], partitions: int) -> dict[Any, State]:
    df = spark.createDataFrame(rows, "x double, n int, s string, row_id string")
    judged = judge(df.repartition(partitions), CONTRACT, lambda _: None)
    count = Pass(CONTRACT, wanted(CONTRACT, BINS), judged.columns)
    row = judged.agg(count.aggregate()).first()
    assert row is not None
    return count.decode(row[0]).states


@pytest.mark.usefixtures("compiled")
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), partitions=st.integers(1, 5))
def test_states_equal_the_oracles_however_cut(
    spark: SparkSession, seed: int, partitions: int
) -> None:
    # A deviation of 1e308 has no square; extremes of doubles have a case of their own below.
    doubles = [v for v in nasty.DOUBLES if v is None or not 1e100 < abs(v) < math.inf]
    data = nasty.rows(seed, 60, doubles, nasty.INTS, nasty.TEXTS)
    cut = Random(seed).randint(1, 59)
    whole = states(spark, data, partitions)
    parts = [states(spark, data[:cut], partitions), states(spark, data[cut:], 1)]
    good = [r for r in data if not (r[1] == 9 and r[0] is None)]
    for column, place in (("x", 0), ("n", 1)):
        for scope in ("", "s = 'a'") if column == "n" else ("",):
            key = column, scope
            values = [r[place] for r in good if not scope or r[2] == "a"]
            joined = merged(part[key] for part in parts)
            assert joined is not None
            for measure in MEASURES:
                wish = expected(values, measure)
                assert whole[key].value(measure) == pytest.approx(wish, nan_ok=True), measure
                if measure != "distinct_count":
                    assert joined.value(measure) == pytest.approx(wish, nan_ok=True), measure
    texts = [r[2] for r in good if r[2] is not None]
    assert whole["s", ""].value("distinct_count") == pytest.approx(len(set(texts)))
    numbers = [r[0] for r in good if r[0] is not None and not math.isnan(r[0])]
    edges = (-math.inf, -1, 0, 1, math.inf)
    assert whole["x", ""].counts == tuple(
        sum(low < v <= high or v == low == -math.inf for v in numbers)
        for low, high in pairwise(edges)
    )
    counts = texts.count("a"), texts.count("ä")
    assert whole["s", ""].counts == (*counts, len(texts) - sum(counts))
    assert merged(p["s", ""] for p in parts).counts == whole["s", ""].counts  # type: ignore[union-attr]


def test_sums_beyond_doubles_are_infinite(spark: SparkSession) -> None:
    found = states(spark, [(1e308, 1, "a", f"r{i}") for i in range(3)], 1)["x", ""]
    assert found.value("sum") == math.inf


def test_no_values_are_kept_of_personal_columns() -> None:
    columns = tuple(
        Column(c, "int", classification=c)  # type: ignore[arg-type]
        for c in ("public", "internal", "pseudonym", "personal")
    )
    found = wanted(Contract("silver.t", "1.0.0", "", "", columns, ()), {})
    assert [w.column for w in found if w.extremes] == ["public", "internal"]


def test_merging_keeps_the_digits_that_sums_of_squares_lose() -> None:
    parts = [State(2, total=2e9 + 1, squares=0.5), State(2, total=2e9 + 5, squares=0.5)]
    whole = merged(parts)
    assert whole is not None
    assert whole.value("stddev") == pytest.approx(math.sqrt(5 / 3))


def test_a_histogram_is_wanted_only_by_drift_rules() -> None:
    found = {w.key: w for w in wanted(CONTRACT, BINS)}
    assert found["x", ""].bins == BINS["x", ""]
    assert found["n", ""].bins is None
    assert found["", ""] == Wanted("")
