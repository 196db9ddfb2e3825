"""Entries of `quality` become rules, or are refused where they are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlglot

from shoplake.contracts.conditions import broken
from shoplake.contracts.model import Rule
from shoplake.contracts.parse import load_contract, parse_contract

Entry = dict[str, Any]


def asks(**clauses: Any) -> Callable[[dict[str, Any]], None]:
    """Adds an entry for the table, or for column `size` when `column` is given."""
    column = clauses.pop("column", False)

    def change(document: dict[str, Any]) -> None:
        table = document["schema"][0]
        table["properties"] += [
            {"name": "name", "physicalType": "string"},
            {"name": "sold_at", "physicalType": "timestamp"},
            {"name": "mail", "physicalType": "string", "classification": "personal"},
            {"name": "tags", "physicalType": "array<string>"},
            {"name": "cost", "physicalType": "decimal(6,2)"},
        ]
        owner = table["properties"][1] if column else table
        owner["quality"] = [clauses]

    return change


def custom(implementation: Any, breach: str | None = None) -> Callable[[dict[str, Any]], None]:
    more = {"customProperties": [{"property": "onBreach", "value": breach}]} if breach else {}
    return asks(name="r", type="custom", engine="shoplake", implementation=implementation, **more)


@pytest.mark.parametrize(
    ("implementation", "rule"),
    [
        (
            {"not_null": "name", "where": "size > 1"},
            Rule("r", "not_null", ("name",), where="size > 1"),
        ),
        (
            {"range": "size", "minimum": 1, "exclusive_maximum": 9},
            Rule("r", "range", ("size",), minimum="1", maximum="9", exclusive_maximum=True),
        ),
        ({"length": "name", "maximum": 3}, Rule("r", "length", ("name",), maximum="3")),
        ({"pattern": "name", "regex": "a+"}, Rule("r", "pattern", ("name",), pattern="a+")),
        ({"set": "size", "values": [1, 2]}, Rule("r", "set", ("size",), allowed=("1", "2"))),
        ({"set": "cost", "values": [1, 2.50]}, Rule("r", "set", ("cost",), allowed=("1", "2.5"))),
        ({"row": "size < 5"}, Rule("r", "row", ("size",), condition="size < 5")),
        (
            "size < 5 OR name = 'id'",
            Rule("r", "row", ("size", "name"), condition="size < 5 OR name = 'id'"),
        ),
        (
            {"unique": ["size", "name"], "where": "size > 0"},
            Rule("r", "unique", ("size", "name"), where="size > 0"),
        ),
        (
            {"reference": {"size": "n", "name": "label"}, "to": "silver.other"},
            Rule("r", "reference", ("size", "name"), reference=("silver.other", "n", "label")),
        ),
        (
            {"one_value": "size", "per": ["name"]},
            Rule("r", "one_value", ("name", "size"), per=("name",)),
        ),
        (
            {"group_by": ["name"], "having": "sum(size) > 1"},
            Rule("r", "group", ("name", "size"), per=("name",), condition="sum(size) > 1"),
        ),
        (
            {
                "preceded_by": "silver.shown",
                "per": ["name"],
                "time": "sold_at",
                "theirs_where": "ok",
            },
            Rule(
                "r",
                "preceded_by",
                ("name", "sold_at"),
                per=("name",),
                reference=("silver.shown", "name"),
                value="sold_at",
                theirs="sold_at",
                theirs_where="ok",
            ),
        ),
        (
            {
                "reconcile": "sum(size)",
                "per": {"name": "order"},
                "with": "silver.totals",
                "theirs": "sum(total)",
                "tolerance": 0.5,
            },
            Rule(
                "r",
                "reconcile",
                ("name", "size"),
                per=("name",),
                reference=("silver.totals", "order"),
                value="sum(size)",
                theirs="sum(total)",
                threshold=0.5,
            ),
        ),
        (
            {"outlier": "size", "per": ["name"], "threshold": 4},
            Rule("r", "outlier", ("name", "size"), per=("name",), value="size", threshold=4.0),
        ),
        (
            {"near_duplicate": "name", "similarity": 0.8},
            Rule("r", "near_duplicate", ("name",), value="name", threshold=0.8),
        ),
        (
            {"aggregate": "mean", "column": "size", "minimum": 1, "where": "size > 0"},
            Rule(
                "r", "aggregate", ("size",), "warn", minimum="1", measure="mean", where="size > 0"
            ),
        ),
        (
            {"aggregate": "row_count", "minimum": 1},
            Rule("r", "aggregate", (), "warn", minimum="1", measure="row_count"),
        ),
        (
            {"freshness": "sold_at", "within": "2 d"},
            Rule("r", "freshness", ("sold_at",), "warn", maximum="48.0"),
        ),
        (
            {"drift": "size", "measure": "ks", "maximum": 0.2, "batches": 3},
            Rule("r", "drift", ("size",), "warn", maximum="0.2", measure="ks", batches=3),
        ),
    ],
)
def test_an_implementation_becomes_its_rule(written: Any, implementation: Any, rule: Rule) -> None:
    assert load_contract(written(custom(implementation))).rules[-1] == rule


@pytest.mark.parametrize(
    ("implementation", "field", "message"),
    [
        ({"median": "size"}, "implementation", "no kind of rule"),
        ({"unique": "size", "wher": "x"}, "wher", "takes no 'wher'"),
        ({"unique": "sise"}, "unique", "no column 'sise'"),
        ("sise < 5", "row", "no column 'sise'"),
        ("size <", "row", "not SQL"),
        ("1 = 1", "row", "names no column"),
        ("size = (SELECT 1)", "row", "not a query"),
        ({"not_null": "size", "where": "nobody"}, "where", "no column 'nobody'"),
        ({"range": "size"}, "implementation", "minimum or a maximum"),
        ({"range": "size", "minimum": "one"}, "minimum", "expected a number"),
        ({"group_by": ["name"], "having": "size > 1"}, "having", "an aggregate"),
        ({"group_by": ["name"], "having": "count(DISTINCT size) > 1"}, "having", "DISTINCT"),
        ({"aggregate": "mean", "column": "name", "minimum": 1}, "column", "not a number"),
        ({"aggregate": "mean", "minimum": 1}, "column", "takes a column"),
        (
            {"aggregate": "sum", "column": "size", "over": "table", "minimum": 1},
            "quality",
            "appendOnly",
        ),
        ({"drift": "mail", "measure": "psi", "maximum": 0.2}, "drift", "personal"),
        ({"drift": "name", "measure": "ks", "maximum": 0.2}, "measure", "numbers"),
        ({"freshness": "size", "within": "2 d"}, "freshness", "no time"),
        ({"reference": "size", "to": "other"}, "to", "is not <bronze"),
        ({"near_duplicate": "name", "similarity": 2}, "similarity", "at most 1"),
        ({"set": "size", "values": [1, None]}, "values", "got None"),
        ({"set": "size", "values": [1.5]}, "values", "expected a int"),
        ({"set": "size", "values": [3_000_000_000]}, "values", "expected a int"),
        ({"set": "cost", "values": [1.005]}, "values", "expected a decimal(6,2)"),
        ({"set": "cost", "values": [100_000]}, "values", "expected a decimal(6,2)"),
        ({"set": "name", "values": ["SE", False]}, "values", "in quotes"),  # NO, to YAML
        ({"set": "sold_at", "values": ["soon"]}, "values", "expected a timestamp"),
        (
            {"group_by": ["name"], "having": "count(*) FILTER (WHERE size > 1) < 3"},
            "having",
            "FILTER",
        ),
        ({"length": "tags", "maximum": 3}, "length", "this is for text"),
        ({"pattern": "tags", "regex": "a+"}, "pattern", "this is for text"),
        ({"unique": []}, "unique", "at least one column"),
        ({"one_value": "size", "per": []}, "per", "at least one column"),
        ({"reference": {}, "to": "silver.other"}, "reference", "at least one column"),
        ({"not_null": {"a": "b"}}, "not_null", "no column"),
        ("sum(size) > 5", "row", "looks at several rows"),
        ("every(size > 5)", "row", "looks at several rows"),
        ("size + 1", "row", "neither true nor false"),
        ("name", "row", "neither true nor false"),
        ("size > 1 AND name", "row", "name is neither"),
        ("row_number() OVER (ORDER BY size) > 1", "row", "no windows"),
        ("foo(size) > 1", "row", "no function 'foo'"),
        ("size > 0 AND other.zzz > 1", "row", "'other' of other.zzz"),
        ("size > 0; DROP TABLE x", "row", "without ;"),
        ({"not_null": "size", "where": "max(size) > 1"}, "where", "looks at several rows"),
        ({"group_by": ["name"], "having": "sum(size)"}, "having", "neither true nor false"),
        ({"range": "name", "minimum": 1}, "minimum", "has no order"),
        ({"range": "size", "minimum": 0, "exclusive_minimum": 5}, "exclusive_minimum", "as well"),
        ({"range": "size", "minimum": 9, "maximum": 5}, "maximum", "no value lies"),
        ({"range": "sold_at", "minimum": "2020-13-45"}, "minimum", "expected a timestamp"),
        ({"length": "name", "minimum": 1.5}, "minimum", "number of characters"),
        ({"pattern": "name"}, "regex", "as text"),
        ({"pattern": "name", "regex": "(?P<x>a)"}, "regex", "Java has no"),
        (
            {"preceded_by": "silver.x", "per": "name", "time": "sold_at", "theirs": 5},
            "theirs",
            "SQL",
        ),
        ({"reconcile": "sum(size)", "per": "name", "with": "silver.x"}, "implementation", "theirs"),
        ({"outlier": "size", "at_least": float("inf")}, "at_least", "expected a number"),
    ],
)
def test_a_wrong_argument_is_refused_where_it_stands(
    written: Any, implementation: Any, field: str, message: str
) -> None:
    contract, problems = parse_contract(written(custom(implementation)))
    assert contract is None
    assert field in problems[0].field
    assert message in problems[0].message


@pytest.mark.parametrize(
    "function", ["luhn_check(name)", "smallint(name) > 1", "tinyint(name) > 1"]
)
def test_functions_that_only_spark_sql_has_are_known(written: Any, function: str) -> None:
    assert load_contract(written(custom({"row": function}))).rules[-1].condition == function


def test_a_comment_hides_nothing_behind_it(written: Any) -> None:
    given = {"row": "size > 0 -- none is given away", "where": "name = 'a' -- b"}
    contract = load_contract(written(custom(given)))
    condition = sqlglot.parse_one(broken(contract.rules[-1], contract), dialect="databricks")
    assert condition.sql(comments=False) == "((name = 'a') AND NOT ((size > 0)))"


def test_a_rule_about_a_batch_holds_no_rows(written: Any) -> None:
    rule = {"aggregate": "row_count", "minimum": 1}
    assert load_contract(written(custom(rule, "stop"))).rules[-1].on_breach == "stop"
    _, problems = parse_contract(written(custom(rule, "quarantine")))
    assert "holds no rows" in problems[0].message


@pytest.mark.parametrize(
    ("entry", "rule"),
    [
        (
            {"metric": "rowCount", "mustBeGreaterThan": 5},
            Rule(
                "row_count",
                "aggregate",
                (),
                "warn",
                minimum="5",
                exclusive_minimum=True,
                measure="row_count",
            ),
        ),
        (
            {"metric": "nullValues", "mustBeLessThan": 10, "unit": "percent", "column": True},
            Rule(
                "size_null_values",
                "aggregate",
                ("size",),
                "warn",
                maximum="0.1",
                exclusive_maximum=True,
                measure="null_share",
            ),
        ),
        (
            {"metric": "nullValues", "mustBeBetween": [1, 2], "column": True},
            Rule(
                "size_null_values",
                "aggregate",
                ("size",),
                "warn",
                minimum="1",
                maximum="2",
                measure="null_count",
            ),
        ),
        (
            {
                "metric": "duplicateValues",
                "mustBe": 0,
                "arguments": {"properties": ["size", "name"]},
            },
            Rule("duplicate_values", "unique", ("size", "name")),
        ),
        (
            {
                "metric": "invalidValues",
                "mustBe": 0,
                "arguments": {"validValues": [1]},
                "column": True,
            },
            Rule("size_invalid_values", "set", ("size",), allowed=("1",)),
        ),
    ],
)
def test_a_metric_of_the_standard_becomes_a_rule(written: Any, entry: Entry, rule: Rule) -> None:
    found = load_contract(written(asks(type="library", **entry))).rules
    assert rule in found


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"metric": "missingValues", "mustBe": 0}, "metric"),
        ({"metric": "duplicateValues", "mustBeLessThan": 3}, "metric"),
        ({"metric": "duplicateValues", "mustBe": 0}, "arguments"),
        ({"metric": "duplicateValues", "mustBe": 0, "arguments": {"properties": []}}, "arguments"),
        ({"metric": "rowCount", "mustNotBe": 3}, "mustNotBe"),
        ({"metric": "rowCount", "mustBe": 3, "unit": "hours"}, "unit"),
        ({"metric": "rowCount", "mustBe": 3, "mustBeBetween": [1, 9]}, "mustBeBetween"),
        ({"metric": "rowCount", "mustBe": 3, "mustBeLessThan": 9}, "mustBe"),
        ({"metric": "rowCount", "mustBe": 3, "severity": "error"}, "severity"),
    ],
)
def test_a_metric_that_cannot_be_enforced_is_refused(
    written: Any, entry: Entry, field: str
) -> None:
    contract, problems = parse_contract(written(asks(type="library", **entry)))
    assert contract is None
    assert field in problems[0].field


@pytest.mark.parametrize(
    "condition",
    [
        "CASE WHEN size > 1 THEN name = 'x' ELSE true END",
        "forall(array(size), x -> x > 0)",
        "parts.colour = 'red'",
        "isnotnull(name) AND NOT startswith(name, 'x')",
        "abs(size) < double('Infinity')",
        "coalesce(name RLIKE 'x', size IS NULL)",
    ],
)
def test_a_condition_on_a_row_is_taken(written: Any, condition: str) -> None:
    def change(document: dict[str, Any]) -> None:
        custom(f"({condition}) OR size > 0")(document)
        parts = {"name": "parts", "physicalType": "map<string,string>"}
        document["schema"][0]["properties"].append(parts)

    assert "size" in load_contract(written(change)).rules[-1].columns
