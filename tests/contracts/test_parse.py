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
