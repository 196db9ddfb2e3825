"""Every clause of the standard is enforced, shown, or refused: none is read over."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest
from open_data_contract_standard import model

from shoplake.contracts.clauses import ROOT, Place
from shoplake.contracts.parse import load_contract, parse_contract

#: Place, the standard's own model of it, and a path to one in a contract.
PLACES: list[tuple[str, Place, type[pydantic.BaseModel], tuple[str | int, ...]]] = []
#: A clause on the way to a place that a contract needs there to be valid.
_NEEDED: dict[str, dict[str, Any]] = {
    "slaProperties": {"property": "freshness", "value": 1, "unit": "d", "element": "things.seen"},
    "enum": {"value": 1},
    "relationships": {"to": "silver.things.id"},
    "quality": {"name": "small", "type": "custom", "engine": "shoplake", "implementation": "size < 9"},
    "customProperties": {"property": "onBreach", "value": "warn"},
    "authoritativeDefinitions": {"url": "https://example.org"},
    "support": {"channel": "#data"},
    "members": {"username": "ann"},
}  # fmt: skip


def inner(annotation: Any) -> type[pydantic.BaseModel] | None:
    """The model within `list[X] | None` and the like."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    found = (inner(a) for a in typing.get_args(annotation))
    return next((f for f in found if f is not None), None)


def fields(of: type[pydantic.BaseModel]) -> dict[str, Any]:
    return {f.alias or name: f.annotation for name, f in of.model_fields.items()}


def walk(name: str, place: Place, of: type[pydantic.BaseModel] | None, at: tuple[str | int, ...]) -> Iterator[Any]:  # fmt: skip
    if of is None:  # logicalTypeOptions are a dict in the standard's model
        return
    yield name, place, of, at
    for clause, below in place.inside.items():
        annotation = fields(of)[clause]
        many = "list[" in str(annotation) and clause != "team"
        deeper: tuple[str | int, ...] = (*at, clause, 0) if many else (*at, clause)
        if clause == "properties":
            deeper = (*at, clause, 1)
        yield from walk(f"{name}.{clause}" if name else clause, below, inner(annotation), deeper)


PLACES = list(walk("", ROOT, model.OpenDataContractStandard, ()))


def place_of(document: dict[str, Any], at: tuple[str | int, ...]) -> dict[str, Any]:
    """The mapping at the path; it and what is above it are made where they are missing."""
    node: Any = document
    for i, step in enumerate(at):
        if isinstance(step, int):
            node = node[step]
            continue
        table_level = step == "customProperties" and at[:i] == ("schema", 0)
        new = {"property": "appendOnly", "value": True} if table_level else _NEEDED.get(step, {})
        many = i + 1 < len(at) and isinstance(at[i + 1], int)
        node = node.setdefault(step, [dict(new)] if many else dict(new))
    return node  # type: ignore[no-any-return]


CASES = [
    pytest.param(place, of, at, clause, id=f"{name or 'root'}.{clause}")
    for name, place, of, at in PLACES
    for clause in [*fields(of), "notInTheStandard"]
]


@pytest.mark.parametrize(("place", "of", "at", "clause"), CASES)
def test_clause_is_known_or_refused_with_its_line(
    written: Any, place: Place, of: type, at: tuple[str | int, ...], clause: str
) -> None:
    known = clause in place.known
    for kind in place.kinds.values():
        known = known or clause in kind.known
    if known:
        return
    path = written(lambda document: place_of(document, at).update({clause: None}))
    contract, problems = parse_contract(path)
    assert contract is None
    refused = [p for p in problems if p.field.endswith(clause)]
    assert len(refused) == 1, problems
    assert f"clause '{clause}' is not enforced" in refused[0].message
    line = path.read_text().splitlines()[refused[0].line - 1]
    assert line.strip(" -").startswith(f"{clause}:")


def test_every_known_clause_is_one_of_the_standard() -> None:
    """The standard may drop a clause; ours must not outlive it."""
    for name, place, of, _ in PLACES:
        everything = set(place.known).union(*(k.known for k in place.kinds.values()))
        # `partitioned` and the like are there; nothing but team lists differ in form.
        spare = everything - set(fields(of))
        assert not spare or name == "team", (name, spare)


def test_places_of_the_whole_standard_are_walked() -> None:
    names = {name for name, *_ in PLACES}
    assert {"", "schema", "schema.properties", "schema.properties.enum", "support"} <= names
    assert len(CASES) > 150


#: How each clause that only describes is documented: it changes nothing but words.
SHOWN = [
    pytest.param(at, clause, id=f"{name or 'root'}.{clause}")
    for name, place, of, at in PLACES
    for clause in sorted(place.describes)
    if clause in fields(of) and clause not in ("description", "examples") and inner(fields(of)[clause]) is None
]  # fmt: skip


@pytest.mark.parametrize(("at", "clause"), SHOWN)
def test_clause_that_describes_changes_no_behaviour(
    written: Any, at: tuple[str | int, ...], clause: str
) -> None:
    def bare(document: dict[str, Any]) -> None:
        document["schema"][0]["properties"].append({"name": "seen", "physicalType": "date"})
        place_of(document, at).pop(clause, None)

    def told(document: dict[str, Any]) -> None:
        bare(document)
        place_of(document, at)[clause] = ["x"] if clause == "tags" else "x"

    one, two = load_contract(written(bare)), load_contract(written(told))
    assert one.columns == two.columns
    assert one.rules == two.rules
    if clause != "dataGranularityDescription":
        assert one == two


def column(**clauses: Any) -> Any:
    def change(document: dict[str, Any]) -> None:
        document["schema"][0]["properties"][1].update(clauses)

    return change


def table(**clauses: Any) -> Any:
    return lambda document: document["schema"][0].update(clauses)


def root(**clauses: Any) -> Any:
    return lambda document: document.update(clauses)


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        (root(status="live"), "status", "proposed, draft, active, deprecated, retired"),
        (root(status=None), "status", "expected one of"),
        (table(physicalType="view"), "schema[0].physicalType", "of a table"),
        (table(logicalType="array"), "schema[0].logicalType", "object"),
        (column(logicalType="string"), "logicalType", "contradicts the physical type int"),
        (column(logicalType="whole"), "logicalType", "is none of string, boolean"),
        (column(primaryKeyPosition=2), "primaryKeyPosition", "without `primaryKey: true`"),
        (column(partitionKeyPosition=1), "partitionKeyPosition", "without `partitioned: true`"),
        (column(primaryKey=True, required=True), "primaryKey", "each needs a primaryKeyPosition"),
        (column(logicalTypeOptions={"minimum": 1, "exclusiveMinimum": 0}), "exclusiveMinimum", "write one of them"),
        (column(logicalTypeOptions={"maximum": 1, "exclusiveMaximum": 0}), "exclusiveMaximum", "write one of them"),
        (column(physicalType="string", logicalType="string", logicalTypeOptions={"minimum": 1}), "minimum", "has no order"),
        (column(physicalType="array<int>", logicalType="array", logicalTypeOptions={"pattern": "x"}), "pattern", "is for text"),
        (column(enum=[]), "enum", "lets nothing in"),
        (column(relationships=[{"to": "silver.a.b", "type": "friend"}]), "relationships[0].type", "foreignKey"),
    ],
)  # fmt: skip
def test_clause_that_another_makes_meaningless_is_refused(
    written: Any, change: Any, field: str, message: str
) -> None:
    contract, problems = parse_contract(written(change))
    assert contract is None
    assert any(p.field.endswith(field) and message in p.message for p in problems), problems


def test_two_columns_of_one_place_are_refused(written: Any) -> None:
    def change(document: dict[str, Any]) -> None:
        for prop in document["schema"][0]["properties"]:
            prop.update(primaryKey=True, required=True, primaryKeyPosition=1)

    _, problems = parse_contract(written(change))
    assert [p.message for p in problems] == ["1 is the place of 'id' already"]
