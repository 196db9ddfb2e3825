"""Every kind of rule about a row beside others against plain Python, however partitioned."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from statistics import median
from typing import Any

import nasty
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from shoplake.contracts.model import Column, Contract, Rule
from shoplake.governance.judge import judge, rule_broken

Row = dict[str, Any]
TYPES = {
    "a": "string",
    "b": "int",
    "x": "double",
    "at": "timestamp",
    "kind": "string",
    "text": "string",
    "parent": "string",
    "row_id": "string",
}
WORDS = ["red", "Red", "lamp", "cup", "Ä", "日本", "big", "set", "of", "3"]
TEXTS = [None, "", *(" ".join(WORDS[i : i + n]) for n in range(1, 8) for i in range(4))]
POOLS = (
    [None, "p", "q", "r"],
    [None, 0, 1, 2],
    [None, 0.0, -0.0, 1.0, 2.0, 3.0, 100.0, math.nan, math.inf],
    nasty.times(6),
    ["shown", "clicked", None],
    TEXTS,
    [None, *(f"r{i:05d}" for i in range(0, 200, 7))],
)
OTHER = [
    ("p", 1, nasty.EPOCH, 5),
    ("q", 2, None, 70),
    ("q", 1, nasty.times(4)[3], 7),
    (None, 1, nasty.EPOCH, 1),
]


def later_of_key(
    columns: tuple[str, ...], looked: Callable[[Row], bool]
) -> Callable[[list[Row]], set[str]]:
    def broken(rows: list[Row]) -> set[str]:
        seen: set[Any] = set()
        out = set()
        for row in sorted(rows, key=lambda r: r["row_id"]):
            key = tuple(nasty.key(row[c]) for c in columns)
            if None in key or not looked(row):
                continue
            if key in seen:
                out.add(row["row_id"])
            seen.add(key)
        return out

    return broken


def unknown_pair(rows: list[Row]) -> set[str]:
    known = {o[:2] for o in OTHER}
    return {
        r["row_id"] for r in rows if None not in (r["a"], r["b"]) and (r["a"], r["b"]) not in known
    }


def unknown_parent(rows: list[Row]) -> set[str]:
    ids = {r["row_id"] for r in rows}
    return {r["row_id"] for r in rows if r["parent"] is not None and r["parent"] not in ids}


def unknown_parent_of_the_clicked(rows: list[Row]) -> set[str]:
    """Any row may be a parent; only what was clicked needs one."""
    clicked = {r["row_id"] for r in rows if r["kind"] == "clicked"}
    return unknown_parent(rows) & clicked


def groups(rows: list[Row], *columns: str) -> dict[tuple[Any, ...], list[Row]]:
    out: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if None not in (key := tuple(row[c] for c in columns)):
            out[key].append(row)
    return out


def two_kinds(rows: list[Row]) -> set[str]:
    out = set()
    for members in groups([r for r in rows if r["kind"] is not None], "a", "b").values():
        if len({r["kind"] for r in members}) > 1:
            out |= {r["row_id"] for r in members}
    return out


def too_many_clicks(rows: list[Row]) -> set[str]:
    out = set()
    for members in groups([r for r in rows if (r["b"] or 0) > 0], "a").values():
        kinds = Counter(r["kind"] for r in members)
        if not (kinds["clicked"] <= kinds["shown"] and sum(r["b"] for r in members) < 60):
            out |= {r["row_id"] for r in members}
    return out


def not_shown_before(rows: list[Row]) -> set[str]:
    first = {
        key: min((r["at"] for r in members if r["kind"] == "shown" and r["at"]), default=None)
        for key, members in groups(rows, "a", "b").items()
    }
    out = set()
    for row in rows:
        if row["kind"] == "clicked" and None not in (row["a"], row["b"], row["at"]):
            seen = first[row["a"], row["b"]]
            if seen is None or seen > row["at"]:
                out.add(row["row_id"])
    return out


def not_after_other(rows: list[Row]) -> set[str]:
    out = set()
    for row in rows:
        if row["a"] is None or row["at"] is None:
            continue
        theirs = [o[2] for o in OTHER if o[0] == row["a"] and o[3] > 5 and o[2] is not None]
        if not theirs or min(theirs) > row["at"]:
            out.add(row["row_id"])
    return out


def not_reconciled(rows: list[Row]) -> set[str]:
    out = set()
    for (key,), members in groups(rows, "a").items():
        theirs = sum(o[3] for o in OTHER if o[0] == key)
        if abs(sum(r["b"] or 0 for r in members) - theirs) > 20:
            out |= {r["row_id"] for r in members}
    return out


def far_out(rows: list[Row]) -> set[str]:
    out = set()
    for members in groups(rows, "a").values():
        finite = [r["x"] for r in members if r["x"] is not None and math.isfinite(r["x"])]
        if len(finite) < 8:
            continue
        middle = median(finite)
        away = [abs(x - middle) for x in finite]
        scale = median(away) / 0.6745 or sum(away) / len(away) * 1.253314
        for row in members:
            x = row["x"]
            if scale and x is not None and (math.isnan(x) or abs(x - middle) > scale * 3.5):
                out.add(row["row_id"])
    return out


def nearly_said_before(rows: list[Row]) -> set[str]:
    words = {r["row_id"]: set(re.findall(r"[^\W_]+", (r["text"] or "").lower())) for r in rows}
    out = set()
    for members in groups(rows, "a").values():
        for later in members:
            mine = words[later["row_id"]]
            for earlier in members:
                theirs = words[earlier["row_id"]]
                alike = len(mine & theirs) / max(1, len(mine | theirs))
                if earlier["row_id"] < later["row_id"] and alike >= 0.6 - 1e-9:
                    out.add(later["row_id"])
    return out


CASES: dict[Rule, Callable[[list[Row]], set[str]]] = {
    Rule("unique", "unique", ("a", "b")): later_of_key(("a", "b"), lambda r: True),
    Rule("unique_x", "unique", ("x",)): later_of_key(("x",), lambda r: True),
    Rule("unique_where", "unique", ("a", "x"), where="b > 0"): later_of_key(
        ("a", "x"), lambda r: (r["b"] or 0) > 0
    ),
    Rule("reference", "reference", ("a", "b"), reference=("silver.other", "k", "m")): unknown_pair,
    Rule("own", "reference", ("parent",), reference=("silver.t", "row_id")): unknown_parent,
    Rule(
        "own_where",
        "reference",
        ("parent",),
        reference=("silver.t", "row_id"),
        where="kind = 'clicked'",
    ): unknown_parent_of_the_clicked,
    Rule("one_value", "one_value", ("a", "b", "kind"), per=("a", "b")): two_kinds,
    Rule(
        "group",
        "group",
        ("a", "kind", "b"),
        per=("a",),
        condition="count_if(kind = 'clicked') <= count_if(kind = 'shown') AND sum(b) < 60",
        where="b > 0",
    ): too_many_clicks,
    Rule(
        "preceded",
        "preceded_by",
        ("a", "b", "at"),
        per=("a", "b"),
        reference=("silver.t", "a", "b"),
        value="at",
        theirs="at",
        theirs_where="kind = 'shown'",
        where="kind = 'clicked'",
    ): not_shown_before,
    Rule(
        "after_other",
        "preceded_by",
        ("a", "at"),
        per=("a",),
        reference=("silver.other", "k"),
        value="at",
        theirs="since",
        theirs_where="total > 5",
    ): not_after_other,
    Rule(
        "reconcile",
        "reconcile",
        ("a", "b"),
        per=("a",),
        reference=("silver.other", "k"),
        value="sum(b)",
        theirs="sum(total)",
        threshold=20,
    ): not_reconciled,
    Rule("outlier", "outlier", ("a", "x"), per=("a",), value="x", threshold=3.5): far_out,
    Rule(
        "near", "near_duplicate", ("a", "text"), per=("a",), value="text", threshold=0.6
    ): nearly_said_before,
}


@pytest.mark.slow
@pytest.mark.usefixtures("compiled")
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), partitions=st.integers(1, 7))
def test_verdicts_equal_the_oracles(spark: SparkSession, seed: int, partitions: int) -> None:
    data = nasty.rows(seed, 120, *POOLS)
    ddl = ", ".join(f"{n} {t}" for n, t in TYPES.items())
    df = spark.createDataFrame(data, ddl).repartition(partitions)
    other = spark.createDataFrame(OTHER, "k string, m int, since timestamp, total bigint")
    columns = tuple(Column(n, t) for n, t in TYPES.items())
    # Of rules that hold rows, groups leave out what others hold (`test_relations`).
    rules = tuple(dataclasses.replace(rule, on_breach="warn") for rule in CASES)
    contract = Contract("silver.t", "1.0.0", "", "", columns, rules)
    judged = judge(df, contract, {"silver.other": other}.get)
    flags = [rule_broken(i).alias(r.name) for i, r in enumerate(CASES)]
    found = judged.select("row_id", *flags).collect()
    assert sorted(r["row_id"] for r in found) == [row[-1] for row in data]
    rows = [dict(zip(TYPES, row, strict=True)) for row in data]
    for rule, oracle in CASES.items():
        assert {r["row_id"] for r in found if r[rule.name]} == oracle(rows), rule.name


def test_the_oracles_find_something_in_such_rows() -> None:
    rows = [dict(zip(TYPES, row, strict=True)) for row in nasty.rows(0, 120, *POOLS)]
    silent = [rule.name for rule, oracle in CASES.items() if not 0 < len(oracle(rows)) < 120]
    assert silent == []


@pytest.mark.parametrize("kind", ["reference", "preceded_by", "reconcile"])
def test_a_table_that_does_not_exist_is_empty(spark: SparkSession, kind: str) -> None:
    rule = next(r for r in CASES if r.kind == kind and r.reference[0] == "silver.other")  # type: ignore[index]
    columns = tuple(Column(n, t) for n, t in TYPES.items())
    contract = Contract("silver.t", "1.0.0", "", "", columns, (rule,))
    row = ("p", 100, 1.0, nasty.EPOCH, "shown", "lamp", None, "r1")
    df = spark.createDataFrame([row], ", ".join(f"{n} {t}" for n, t in TYPES.items()))
    judged = judge(df, contract, lambda _: None)
    assert [r[0] for r in judged.select(rule_broken(0)).collect()] == [True]
