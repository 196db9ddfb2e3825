"""Every kind of rule about one row against plain Python, however the rows are partitioned."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import nasty
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from shoplake.contracts.model import Column, Contract, Rule
from shoplake.governance.judge import judge, reasons

Holds = Callable[[Any, Any, Any], bool | None]
NAMES = ("x", "n", "s")
SCHEMA = "x double, n int, s string, row_id string"


def between(value: Any, low: float, high: float) -> bool:
    return not math.isnan(value) and low <= value <= high


def greater(a: Any, b: float) -> bool | None:
    """Spark's: null is unknown, NaN is greater than any number."""
    return None if a is None else math.isnan(a) or a > b


def either(a: bool | None, b: bool | None) -> bool | None:
    return True if a or b else None if a is None or b is None else False


#: Rule: what plain Python says of (x, n, s); None passes.
CASES: dict[Rule, Holds] = {
    Rule("x_there", "not_null", ("x",)): lambda x, n, s: x is not None,
    Rule("s_there", "not_null", ("s",), where="n > 0"): lambda x, n, s: (
        not greater(n, 0) or s is not None
    ),
    Rule("x_range", "range", ("x",), minimum="-1", maximum="1"): lambda x, n, s: (
        None if x is None else between(x, -1, 1)
    ),
    Rule("x_low", "range", ("x",), minimum="0", exclusive_minimum=True): lambda x, n, s: (
        None if x is None else x > 0
    ),
    Rule("x_high", "range", ("x",), maximum="1", exclusive_maximum=True): lambda x, n, s: (
        None if x is None else x < 1
    ),
    Rule("n_range", "range", ("n",), minimum="1", where="s = 'a'"): lambda x, n, s: (
        s != "a" or n is None or n >= 1
    ),
    Rule("s_pattern", "pattern", ("s",), pattern="[a-zä]|日.|🛒"): lambda x, n, s: (
        None if s is None else bool(re.fullmatch("[a-zä]|日.|🛒", s))
    ),
    Rule("s_length", "length", ("s",), minimum="1", maximum="1"): lambda x, n, s: (
        None if s is None else len(s) == 1
    ),
    Rule("s_lengths", "length", ("s",), minimum="2", maximum="5"): lambda x, n, s: (
        None if s is None else 2 <= len(s) <= 5
    ),
    Rule("s_set", "set", ("s",), allowed=("a", "o'clock", "a\\b", "")): lambda x, n, s: (
        None if s is None else s in ("a", "o'clock", "a\\b", "")
    ),
    Rule("n_set", "set", ("n",), allowed=("1", "2")): lambda x, n, s: (
        None if n is None else n in (1, 2)
    ),
    Rule("row", "row", ("x", "n"), condition="x > 0 OR n > 1"): lambda x, n, s: either(
        greater(x, 0), greater(n, 1)
    ),
    Rule("absent", "row", ("x", "n"), condition="x IS NULL OR n IS NOT NULL"): lambda x, n, s: (
        x is None or n is not None
    ),
}
# More rules than one mask holds: the same ones again under other names.
RULES = [Rule(**{**r.__dict__, "name": f"{r.name}{i}"}) for i in range(6) for r in CASES]
ORACLE = list(CASES.values()) * 6


@pytest.mark.usefixtures("compiled")
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), partitions=st.integers(1, 7))
def test_verdicts_equal_the_oracles(spark: SparkSession, seed: int, partitions: int) -> None:
    data = nasty.rows(seed, 300, nasty.DOUBLES, nasty.INTS, nasty.TEXTS)
    columns = (Column("x", "double"), Column("n", "int"), Column("s", "string"))
    contract = Contract("silver.t", "1.0.0", "", "", columns, tuple(RULES))
    df = spark.createDataFrame(data, SCHEMA).repartition(partitions)
    judged = judge(df, contract, lambda _: None)
    found = judged.select("row_id", reasons(contract, judged.columns).alias("why")).collect()
    expected = {
        row[3]: {r.name for r, holds in zip(RULES, ORACLE, strict=True) if holds(*row[:3]) is False}
        for row in data
    }
    assert len(found) == len(data)
    assert {r.row_id: {x.rule for x in r.why} for r in found} == expected
