"""Which differences between two contracts break whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoplake.contracts.canonical import from_json, to_json
from shoplake.contracts.diff import Change, diff
from shoplake.contracts.model import Column, Contract, Rule
from shoplake.contracts.parse import load_contract
from shoplake.contracts.semver import lowest_version, version_problem
from shoplake.contracts.widening import widens
from shoplake.errors import ContractError
from shoplake.runtime.settings import conf_dir

SHELF = Contract(
    table="silver.shelf",
    version="1.2.3",
    description="Things on a shelf.",
    grain="one row per thing",
    columns=(
        Column("id", "string", True, 1),
        Column("price", "int", description="In cents."),
        Column("owner", "string", classification="personal"),
        Column("day", "date", True),
    ),
    rules=(
        Rule("id_not_null", "not_null", ("id",)),
        Rule("day_not_null", "not_null", ("day",)),
        Rule("price_range", "range", ("price",), minimum="0", maximum="100"),
        Rule("owner_set", "set", ("owner",), allowed=("ann", "bob")),
        Rule("owner_known", "reference", ("owner",), reference=("silver.people", "name")),
        Rule("day_range", "range", ("day",), minimum="DATE '2020-01-01'"),
        Rule("cheap", "row", ("price",), "warn", condition="price < 50"),
        Rule("id_unique_too", "unique", ("id",)),
        Rule("key_unique", "unique", ("id",)),
    ),
    slice_by=("day",),
    freshness=timedelta(days=2),
    freshness_column="day",
)


def column(name: str, /, **changes: Any) -> Contract:
    columns = tuple(replace(c, **changes) if c.name == name else c for c in SHELF.columns)
    return replace(SHELF, columns=columns)


def rule(name: str, /, **changes: Any) -> Contract:
    rules = tuple(replace(r, **changes) if r.name == name else r for r in SHELF.rules)
    return replace(SHELF, rules=rules)


def without(name: str) -> Contract:
    return replace(SHELF, rules=tuple(r for r in SHELF.rules if r.name != name))


def extra(*rules: Rule, columns: tuple[Column, ...] = ()) -> Contract:
    return replace(SHELF, rules=SHELF.rules + rules, columns=SHELF.columns + columns)


B, F = "backward", "forward"
CASES: list[tuple[str, Contract, str, tuple[str, ...], str]] = [
    ("column removed", replace(SHELF, columns=(*SHELF.columns[:1], *SHELF.columns[2:]), rules=tuple(r for r in SHELF.rules if r.columns != ("price",))), "breaking", (F,), "removed"),
    ("column renamed", column("price", name="cost"), "breaking", (B, F), "renamed to 'cost'"),
    ("column added", extra(columns=(Column("colour", "string"),)), "compatible", (), "added, string, may be null"),
    ("required column added", extra(columns=(Column("colour", "string", True),)), "breaking", (B,), "added as required"),
    ("type widened", column("price", type="bigint"), "compatible", (), "widened"),
    ("nothing", replace(SHELF, version="2.0.0", source="elsewhere.yml"), "same", (), ""),
    ("type changed", column("price", type="string"), "breaking", (B, F), "changed from int to string"),
    ("required", column("owner", required=True), "breaking", (B,), "may no longer be null"),
    ("nullable", column("day", required=False), "breaking", (F,), "may now be null"),
    ("privacy lowered", column("owner", classification="internal"), "breaking", (F,), "lowered from personal"),
    ("privacy raised", column("price", classification="pseudonym"), "compatible", (), "raised"),
    ("column words", column("price", description="Cents."), "documentation", (), "something else"),
    ("partitioned", column("day", partition_position=1), "breaking", (B, F), "partitions were none"),
    ("table words", replace(SHELF, description="A shelf."), "documentation", (), "something else"),
    ("grain", replace(SHELF, grain="one row per thing and day"), "breaking", (B, F), "one row was"),
    ("owner", replace(SHELF, owners=("shop-floor",)), "documentation", (), "was owned by none, is by (shop-floor)"),
    ("grain, same words", replace(SHELF, grain="One row per thing."), "documentation", (), "put as"),
    ("slices", replace(SHELF, slice_by=()), "breaking", (B, F), "slices"),
    ("append only", replace(SHELF, append_only=True), "breaking", (B, F), "only added"),
    ("freshness loosened", replace(SHELF, freshness=timedelta(days=3)), "breaking", (F,), "loosened"),
    ("freshness tightened", replace(SHELF, freshness=timedelta(days=1)), "compatible", (), "tightened"),
    ("freshness gone", replace(SHELF, freshness=None, freshness_column=None), "breaking", (F,), "no longer promised"),
    ("retention promised", replace(SHELF, retention=timedelta(days=9), retention_column="day"), "breaking", (F,), "rows leave after 9 days"),
    ("other table", replace(SHELF, table="silver.board"), "breaking", (B, F), "another table"),
    ("column order", replace(SHELF, columns=SHELF.columns[::-1]), "documentation", (), "another order"),
    ("range narrower", rule("price_range", maximum="99.5"), "breaking", (B,), "tightened"),
    ("range wider", rule("price_range", minimum="-5"), "compatible", (F,), "loosened"),
    ("range open", rule("price_range", maximum=None), "compatible", (F,), "loosened"),
    ("range written otherwise", rule("price_range", maximum="100.0"), "documentation", (), "put differently"),
    ("bound excluded", rule("price_range", exclusive_minimum=True), "breaking", (B,), "tightened"),
    ("later days only", rule("day_range", minimum="DATE '2021-01-01'"), "breaking", (B,), "tightened"),
    ("fewer values", rule("owner_set", allowed=("ann",)), "breaking", (B,), "tightened"),
    ("more values", rule("owner_set", allowed=("bob", "ann", "cid")), "compatible", (F,), "loosened"),
    ("other values", rule("owner_set", allowed=("ann", "cid")), "breaking", (B, F), "neither"),
    ("values in another order", rule("owner_set", allowed=("bob", "ann")), "documentation", (), "put"),
    ("stops now", rule("price_range", on_breach="stop"), "breaking", (B,), "tightened"),
    ("only warns now", rule("price_range", on_breach="warn"), "compatible", (F,), "loosened"),
    ("warning holds now", rule("cheap", on_breach="quarantine"), "breaking", (B,), "tightened"),
    ("other warning", rule("cheap", condition="price < 5"), "compatible", (), "changed"),
    ("condition respaced", rule("cheap", condition="price<50"), "documentation", (), "put differently"),
    ("new rule", extra(Rule("even", "row", ("price",), condition="price % 2 = 0")), "breaking", (B,), "new, holds rows"),
    ("new warning", extra(Rule("even", "row", ("price",), "warn", condition="price % 2 = 0")), "compatible", (), "only counts"),
    ("rule gone", without("price_range"), "compatible", (F,), "no longer judged"),
    ("rule renamed", rule("price_range", name="price_fair"), "compatible", (), "was called price_range"),
    ("uniqueness gone", without("id_unique_too"), "breaking", (F,), "no longer judged"),
    ("reference gone", without("owner_known"), "breaking", (F,), "no longer judged"),
    ("reference elsewhere", rule("owner_known", reference=("silver.crew", "name")), "breaking", (B, F), "neither"),
    ("only some rows judged", rule("price_range", where="day > '2021-01-01'"), "compatible", (F,), "loosened"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("new", "kind", "breaks", "message"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_one_change(new: Contract, kind: str, breaks: tuple[str, ...], message: str) -> None:
    changes = diff(SHELF, new)
    if kind == "same":
        assert changes == []
        return
    assert len(changes) == 1, changes
    assert (changes[0].kind, changes[0].breaks) == (kind, breaks)
    assert message in changes[0].message


@pytest.mark.parametrize(
    "new",
    [
        rule("price_range", minimum="0.0", exclusive_minimum=True),
        replace(SHELF, freshness=timedelta(days=1), freshness_column="made"),
        extra(Rule("colour_there", "not_null", ("colour",)), columns=(Column("colour", "string"),)),
    ],
    ids=["bound written otherwise", "freshness by another column", "new column, to be filled"],
)
def test_what_breaks_is_not_hidden_by_what_changes_beside_it(new: Contract) -> None:
    assert sorted(c.kind for c in diff(SHELF, new))[0] == "breaking"


def test_another_key_is_found_once() -> None:
    new = replace(
        SHELF,
        columns=tuple(
            replace(c, key_position={"id": 1, "day": 2}.get(c.name)) for c in SHELF.columns
        ),
        rules=tuple(
            replace(r, columns=("id", "day")) if r.name == "key_unique" else r for r in SHELF.rules
        ),
    )
    (change,) = diff(SHELF, new)
    assert (change.kind, change.message) == ("breaking", "the key was (id), is (id, day)")


def test_rules_of_a_new_column_are_its_own_matter() -> None:
    new = extra(
        Rule("colour_set", "set", ("colour",), allowed=("red",)),
        columns=(Column("colour", "string"),),
    )
    assert [c.kind for c in diff(SHELF, new)] == ["compatible"]


@pytest.mark.parametrize(
    ("old", "new", "fits"),
    [
        ("int", "bigint", True),
        ("bigint", "int", False),
        ("int", "double", True),
        ("bigint", "double", False),
        ("float", "double", True),
        ("int", "decimal(10,0)", True),
        ("int", "decimal(10,2)", False),
        ("decimal(10,2)", "decimal(12,4)", True),
        ("decimal(10,2)", "decimal(11,4)", False),
        ("decimal(10,2)", "decimal(10,2)", False),
        ("array<int>", "array<bigint>", True),
        ("map<string,bigint>", "map<string,double>", False),
        ("date", "timestamp", False),
    ],
)
def test_widening(old: str, new: str, fits: bool) -> None:
    assert widens(old, new) is fits


@given(st.sampled_from([c[1] for c in CASES]), st.sampled_from([c[1] for c in CASES]))
def test_difference_is_empty_exactly_where_contracts_are_equal(a: Contract, b: Contract) -> None:
    assert (diff(a, b) == []) == (replace(a, version="") == replace(b, version=""))


@given(st.sampled_from([c[1] for c in CASES if c[0] != "retention promised"]))
def test_whatever_breaks_one_way_breaks_the_other_way_back(new: Contract) -> None:
    """Going back swaps the directions, so nothing that was tightened can be tightened again."""
    there = {d for c in diff(SHELF, new) for d in c.breaks}
    back = {d for c in diff(new, SHELF) for d in c.breaks}
    if there in ({B}, {F}):
        assert back != there


@given(st.sampled_from([c[1] for c in CASES]))
def test_canonical_json_keeps_the_whole_contract(contract: Contract) -> None:
    assert from_json(to_json(contract)) == contract


def test_shipped_contracts_survive_canonical_json() -> None:
    for path in sorted((conf_dir() / "contracts").glob("*/*.yml")):
        contract = load_contract(path)
        assert from_json(to_json(contract)) == contract, path
        assert diff(from_json(to_json(contract)), contract) == []


def test_json_of_another_release_is_read() -> None:
    text = to_json(SHELF).replace('"append_only":false', '"later_clause":[1]')
    assert from_json(text) == SHELF


def test_garbage_is_no_recorded_contract() -> None:
    with pytest.raises(ContractError, match="not a recorded contract"):
        from_json('{"table": "silver.shelf"}')


BREAKS = [Change("breaking", "x", "", ("forward",), "")]
FITS = [Change("compatible", "x", "", (), "")]
WORDS = [Change("documentation", "x", "", (), "")]


@pytest.mark.parametrize(
    ("old", "new", "changes", "problem"),
    [
        ("1.2.3", "2.0.0", BREAKS, None),
        ("1.2.3", "1.3.0", BREAKS, "write 2.0.0"),
        ("1.2.3", "1.3.0", FITS, None),
        ("1.2.3", "1.2.4", FITS, "write 1.3.0"),
        ("1.2.3", "1.2.3", WORDS, "write 1.2.4"),
        ("1.2.3", "1.2.4", WORDS, None),
        ("1.2.3", "1.2.3", [], None),
        ("1.2.3", "1.2.2", [], "older than"),
        ("0.1.0", "0.2.0", BREAKS, None),
        ("0.1.0", "0.1.1", BREAKS, "write 0.2.0"),
        ("0.1.0", "0.1.1", FITS, None),
        ("1.9.0", "1.10.0", FITS, None),
    ],
)
def test_version_says_what_changed(
    old: str, new: str, changes: list[Change], problem: str | None
) -> None:
    found = version_problem(old, new, changes)
    assert (found is None) if problem is None else (problem in (found or ""))


@given(st.tuples(*[st.integers(0, 9)] * 3), st.sampled_from(["major", "minor", "patch"]))
def test_lowest_version_is_later(numbers: tuple[int, int, int], step: Any) -> None:
    old = ".".join(map(str, numbers))
    assert tuple(map(int, lowest_version(old, step).split("."))) > numbers


FILE = """\
apiVersion: v3.1.0
kind: DataContract
id: shelf
version: 1.0.0
status: active
schema:
  - name: shelf
    physicalName: silver.shelf
    properties:
      - name: id
        physicalType: string
        required: true
        primaryKey: true
      - name: price
        physicalType: int
        logicalTypeOptions:
          maximum: 100
      - name: owner
        physicalType: string
      - {name: sold_at, physicalType: timestamp}
    quality:
      - name: cheap
        type: custom
        engine: shoplake
        implementation: price < 50
slaProperties:
  - property: freshness
    value: 2
    unit: d
    element: shelf.sold_at
"""


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("physicalType: int", "physicalType: bigint", "new.yml:15"),
        ("maximum: 100", "maximum: 90", "new.yml:16"),
        ("price < 50", "price < 40", "new.yml:22"),
        ("value: 2", "value: 3", "new.yml:26"),
        ("      - name: owner\n        physicalType: string\n", "", "old.yml:18"),
    ],
)
def test_each_change_names_the_line_of_its_clause(
    tmp_path: Path, old: str, new: str, place: str
) -> None:
    (tmp_path / "old.yml").write_text(FILE)
    (tmp_path / "new.yml").write_text(FILE.replace(old, new))
    (change,) = diff(load_contract(tmp_path / "old.yml"), load_contract(tmp_path / "new.yml"))
    assert change.where == str(tmp_path / place)


def test_longer_retention_breaks_a_promise_too() -> None:
    month = replace(SHELF, retention=timedelta(days=30), retention_column="day")
    (change,) = diff(month, replace(month, retention=timedelta(days=90)))
    assert (change.kind, change.breaks) == ("breaking", (F,))
    assert "promised to leave after 30 days" in change.message
