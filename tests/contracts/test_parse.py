"""Every clause of a contract is enforced, or refused with file, line and field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shoplake.contracts.model import Contract, Rule
from shoplake.contracts.parse import load_contract, parse_contract
from shoplake.errors import ContractError

Change = Callable[[dict[str, Any]], None]


def size(**clauses: Any) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["schema"][0]["properties"][1].update(clauses)

    return change


def rule_of(contract: Contract, name: str) -> Rule:
    return {r.name: r for r in contract.rules}[name]


@pytest.mark.parametrize(
    ("clause", "rule"),
    [
        ({"required": True}, Rule("size_not_null", "not_null", ("size",))),
        ({"unique": True}, Rule("size_unique", "unique", ("size",))),
        (
            {"logicalTypeOptions": {"minimum": 1, "maximum": 9}},
            Rule("size_range", "range", ("size",), minimum="1", maximum="9"),
        ),
        (
            {"logicalTypeOptions": {"exclusiveMinimum": 0}},
            Rule("size_range", "range", ("size",), minimum="0", exclusive_minimum=True),
        ),
        (
            {"logicalTypeOptions": {"minLength": 2}},
            Rule("size_length", "length", ("size",), minimum="2"),
        ),
        (
            {"logicalTypeOptions": {"pattern": "[0-9]+"}},
            Rule("size_pattern", "pattern", ("size",), pattern="[0-9]+"),
        ),
        (
            {"enum": [{"value": 1}, {"value": 2}]},
            Rule("size_set", "set", ("size",), allowed=("1", "2")),
        ),
        (
            {
                "physicalType": "double",
                "logicalType": "number",
                "enum": [{"value": 1}, {"value": 2.5}],
            },
            Rule("size_set", "set", ("size",), allowed=("1", "2.5")),
        ),
        (
            {"physicalType": "boolean", "logicalType": "boolean", "enum": [{"value": True}]},
            Rule("size_set", "set", ("size",), allowed=("true",)),
        ),
        (
            {"relationships": [{"to": "silver.orders.order_id"}]},
            Rule("size_reference", "reference", ("size",), reference=("silver.orders", "order_id")),
        ),
    ],
)
def test_a_clause_becomes_its_rule(written: Any, clause: dict[str, Any], rule: Rule) -> None:
    contract = load_contract(written(size(**clause)))
    assert rule_of(contract, rule.name) == rule


def test_on_breach_of_a_column(written: Any) -> None:
    change = size(required=True, customProperties=[{"property": "onBreach", "value": "stop"}])
    assert rule_of(load_contract(written(change)), "size_not_null").on_breach == "stop"


def test_a_row_condition_knows_its_columns(written: Any) -> None:
    def change(document: dict[str, Any]) -> None:
        document["schema"][0]["quality"] = [
            {
                "name": "small",
                "type": "custom",
                "engine": "shoplake",
                "implementation": "size < 5 OR id = 'size'",
            }
        ]

    assert rule_of(load_contract(written(change)), "small").columns == ("id", "size")


@pytest.mark.parametrize(
    ("clause", "field", "message"),
    [
        ({"requird": True}, "requird", "did you mean 'required'"),
        ({"encryptedName": "x"}, "encryptedName", "is refused"),
        ({"logicalTypeOptions": {"multipleOf": 2}}, "multipleOf", "is refused"),
        ({"logicalTypeOptions": {"pattern": "["}}, "pattern", "not a pattern"),
        ({"logicalTypeOptions": {"pattern": 5}}, "pattern", "as text"),
        ({"logicalTypeOptions": {"minimum": "abc"}}, "minimum", "expected a number"),
        ({"logicalTypeOptions": {"minimum": "size"}}, "minimum", "expected a number"),
        ({"logicalTypeOptions": {"exclusiveMaximum": True}}, "exclusiveMaximum", "a number"),
        ({"logicalTypeOptions": {"maximum": float("inf")}}, "maximum", "expected a number"),
        ({"logicalTypeOptions": {"minimum": 5, "maximum": 4}}, "maximum", "no value lies from 5"),
        (
            {"logicalTypeOptions": {"exclusiveMinimum": 5, "maximum": 5}},
            "maximum",
            "no value lies",
        ),
        ({"logicalTypeOptions": {"minLength": "abc"}}, "minLength", "number of characters"),
        ({"logicalTypeOptions": {"minLength": -1}}, "minLength", "number of characters"),
        ({"logicalTypeOptions": {"minLength": 3, "maxLength": 2}}, "maxLength", "no value lies"),
        (
            {
                "physicalType": "date",
                "logicalType": "date",
                "logicalTypeOptions": {"minimum": "2020-13-45"},
            },
            "minimum",
            "expected a date",
        ),
        (
            {
                "physicalType": "timestamp",
                "logicalType": "timestamp",
                "logicalTypeOptions": {"maximum": 2020},
            },
            "maximum",
            "expected a timestamp",
        ),
        (
            {"required": True, "customProperties": [{"property": "onBreach", "value": "warn"}]},
            "required",
            "can hold no null",
        ),
        ({"enum": [{"value": "small"}]}, "enum", "expected a int"),
        ({"physicalType": "varchar(3)"}, "physicalType", "not a supported"),
        ({"classification": "secret"}, "classification", "expected public"),
        ({"name": "id"}, "properties[1]", "there twice"),
        ({"primaryKey": True}, "primaryKey", "required: true"),
        (
            {"customProperties": [{"property": "onBreach", "value": "ignore"}]},
            "customProperties",
            "onBreach is",
        ),
        (
            {"customProperties": [{"property": "colour", "value": 1}]},
            "customProperties",
            "not enforced",
        ),
        (
            {
                "customProperties": [
                    {"property": "onBreach", "value": "stop"},
                    {"property": "onBreach", "value": "warn"},
                ]
            },
            "customProperties[1]",
            "there twice",
        ),
    ],
)
def test_a_wrong_clause_is_refused_where_it_stands(
    written: Any, clause: dict[str, Any], field: str, message: str
) -> None:
    path = written(size(**clause))
    contract, problems = parse_contract(path)
    assert contract is None
    assert field in problems[0].field
    assert message in problems[0].message
    assert str(path) in str(problems[0])


def test_the_line_is_the_clauses(written: Any) -> None:
    path = written(size(requird=True))
    _, problems = parse_contract(path)
    line = path.read_text().splitlines()[problems[0].line - 1]
    assert line.strip() == "requird: true"


def test_load_lists_every_problem(written: Any) -> None:
    path = written(size(requird=True, encryptedName="x"))
    with pytest.raises(ContractError, match=r"(?s)requird.*encryptedName"):
        load_contract(path)


def test_text_that_is_not_yaml_is_a_problem_with_a_line(written: Any) -> None:
    path = written(lambda d: None)
    path.write_text("a: 1\nb: [\n")
    _, problems = parse_contract(path)
    assert problems[0].line >= 2


def test_fingerprint_follows_the_clauses(written: Any) -> None:
    one = load_contract(written(lambda d: None)).fingerprint
    assert load_contract(written(size(required=True))).fingerprint != one


def promise(**clauses: Any) -> Change:
    """A promise of how long rows are kept, by the time `sold_at`."""

    def change(document: dict[str, Any]) -> None:
        properties = document["schema"][0]["properties"]
        properties.append({"name": "sold_at", "physicalType": "timestamp"})
        given = {"property": "retention", "value": 30, "unit": "d", "element": "sold_at"}
        document["slaProperties"] = [given | clauses]

    return change


@pytest.mark.parametrize("element", ["sold_at", "things.sold_at", "silver.things.sold_at"])
def test_a_promise_names_a_time_of_its_table(written: Any, element: str) -> None:
    assert load_contract(written(promise(element=element))).retention_column == "sold_at"


@pytest.mark.parametrize(
    ("clause", "field", "message"),
    [
        ({"value": -5}, "value", "above 0"),
        ({"value": True}, "value", "above 0"),
        ({"value": 99999999999}, "value", "below 1,000,000"),
        ({"unit": "y"}, "unit", "unit d, h or m"),
        ({"element": "id"}, "element", "is no time"),
        ({"element": "other.sold_at"}, "element", "names no column"),
        ({"element": "gold.things.sold_at"}, "element", "names no column"),
    ],
)
def test_a_promise_that_cannot_be_kept_is_refused(
    written: Any, clause: dict[str, Any], field: str, message: str
) -> None:
    _, problems = parse_contract(written(promise(**clause)))
    assert problems[0].field == f"slaProperties[0].{field}"
    assert message in problems[0].message


def test_append_only_is_no_word(written: Any) -> None:
    def change(document: dict[str, Any]) -> None:
        properties = [{"property": "appendOnly", "value": "false"}]
        document["schema"][0]["customProperties"] = properties

    _, problems = parse_contract(written(change))
    assert "true or false, not 'false'" in problems[0].message


def test_a_key_written_twice_is_refused_with_its_line(written: Any) -> None:
    path = written(size(required=True))
    path.write_text(path.read_text() + "    required: false\n")
    _, problems = parse_contract(path)
    assert problems[0].line == len(path.read_text().splitlines())
    assert "'required' is written twice, first on line" in problems[0].message


def test_text_that_is_not_utf_8_is_a_problem_with_a_line(written: Any) -> None:
    path = written(lambda d: None)
    path.write_bytes(b"# one\n# \xe4\n" + path.read_bytes())
    _, problems = parse_contract(path)
    assert (problems[0].line, problems[0].message) == (2, "not UTF-8; save it as UTF-8")
