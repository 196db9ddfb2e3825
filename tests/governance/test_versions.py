"""Contracts over time in a real lake: recorded, refused when they break, the table migrated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shoplake.contracts.book import ContractBook
from shoplake.contracts.canonical import from_json
from shoplake.contracts.ddl import schema
from shoplake.contracts.model import Column, Contract
from shoplake.errors import GovernanceError
from shoplake.governance import migrate as migrating
from shoplake.governance.erasure.purge import purge_table
from shoplake.governance.ledger import append, ensure
from shoplake.governance.migrate import applied, complete, migrate
from shoplake.governance.run import Run
from shoplake.governance.versions import CONTRACTS, Gate, recorded_contract

pytestmark = pytest.mark.slow


def with_price(contract: Contract, version: str, **changes: Any) -> Contract:
    """The contract with another price range, or without one."""
    rules = [replace(r, **changes) if r.name == "price_range" else r for r in contract.rules]
    return replace(contract, version=version, rules=tuple(rules))


def without_owner(contract: Contract, version: str) -> Contract:
    columns = tuple(c for c in contract.columns if c.name != "owner")
    rules = tuple(r for r in contract.rules if "owner" not in r.columns)
    return replace(contract, version=version, columns=columns, rules=rules)


class Shelf:
    """silver.items under one contract after another."""

    def __init__(self, run: Run, items: Contract) -> None:
        self.lake, self.first, self.spark = run.lake, items, run.lake.spark
        self.known = {c.table: c for c in run.contracts}

    def gate(self, contract: Contract) -> Gate:
        return Gate(self.lake, ContractBook({**self.known, contract.table: contract}), "run")

    def start(self, contract: Contract, *rows: tuple[Any, ...]) -> None:
        """The table as a run under `contract` leaves it."""
        ensure(self.lake, contract)
        self.add(contract, *rows)

    def add(self, contract: Contract, *rows: tuple[Any, ...]) -> None:
        append(self.lake, contract, list(rows))

    def build(self, contract: Contract, *rows: tuple[Any, ...]) -> None:
        """A whole run."""
        df = self.spark.createDataFrame(list(rows), schema(contract))
        book = ContractBook({**self.known, contract.table: contract})
        run = Run("test", self.lake, book)
        run.build(contract.table, lambda _: df, inputs=(), params=rows)

    def rows(self) -> list[tuple[Any, ...]]:
        return sorted(tuple(r) for r in self.lake.read("silver.items").collect())

    def constraints(self) -> dict[str, str]:
        row = self.lake.delta("silver.items").detail().select("properties").first()
        assert row is not None
        return {k: v for k, v in row[0].items() if k.startswith("delta.constraints.")}


@pytest.fixture
def shelf(run: Run, items: Contract) -> Shelf:
    return Shelf(run, items)


A, B = ("a", 10.0, "ann", "r1"), ("b", 20.0, "bob", "r2")


def narrow(contract: Contract) -> Contract:
    columns = [replace(c, type="float") if c.name == "price" else c for c in contract.columns]
    return replace(contract, columns=tuple(columns))


def slices(contract: Contract) -> Contract:
    return replace(contract, slice_by=("owner",))


def appended(contract: Contract) -> Contract:
    return replace(contract, append_only=True)


def test_contracts_are_recorded_whole_and_once(shelf: Shelf) -> None:
    shelf.gate(shelf.first).open()
    recorded = {r.table_name: r for r in shelf.lake.read(CONTRACTS).collect()}
    assert set(recorded) == {*shelf.known}
    mine = recorded["silver.items"]
    assert (mine.version, mine.fingerprint) == (shelf.first.version, shelf.first.fingerprint)
    assert from_json(mine.contract) == shelf.first
    version = shelf.lake.version(CONTRACTS)
    shelf.spark.sparkContext.setJobGroup("gate", "")
    try:
        shelf.gate(shelf.first).open()
        assert shelf.spark.sparkContext.statusTracker().getJobIdsForGroup("gate") == []
    finally:
        shelf.spark.sparkContext.setLocalProperty("spark.jobGroup.id", None)
    assert shelf.lake.version(CONTRACTS) == version


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (lambda c: with_price(c, "1.1.0", maximum="50"), "rules.price_range.maximum: tightened: was 100, is 50"),
        (lambda c: without_owner(c, "1.9.9"), "owner: removed"),
        (lambda c: replace(c, version="0.9.0"), "which is later than 0.9.0"),
    ],
)  # fmt: skip
def test_breaking_change_is_refused_until_undone_or_declared(
    shelf: Shelf, changed: Any, said: str
) -> None:
    shelf.start(shelf.first)
    shelf.gate(shelf.first).open()
    second = changed(shelf.first)
    gate = shelf.gate(second)
    with pytest.raises(GovernanceError) as refused:
        gate.admit(second)
    assert said in str(refused.value)
    assert applied(shelf.lake, "silver.items") == f"1.0.0 {shelf.first.fingerprint}"
    gate.admit(replace(shelf.first, version="1.0.1"))
    gate.admit(replace(second, version="2.0.0"))


def test_run_passes_through_the_gate(shelf: Shelf) -> None:
    shelf.start(shelf.first, A)
    shelf.gate(shelf.first).open()
    with pytest.raises(GovernanceError, match=r"raise the version to 2\.0\.0"):
        shelf.build(without_owner(shelf.first, "1.1.0"), ("b", 20.0, "r2"))
    assert shelf.rows() == [A]


def test_new_major_version_makes_the_table_anew(shelf: Shelf) -> None:
    shelf.start(shelf.first, A)
    second = without_owner(with_price(shelf.first, "2.0.0", maximum="15"), "2.0.0")
    rows = [("a", 10.0, "r1"), ("b", 20.0, "r2")]
    # What a run leaves that is killed between making the table anew and filling it.
    ensure(shelf.lake, second)
    assert shelf.rows() == []
    shelf.build(second, *rows)
    assert shelf.rows() == [("a", 10.0, "r1")]
    assert "15" in shelf.constraints()["delta.constraints.price_range"]
    required = {f.name: not f.nullable for f in shelf.lake.delta("silver.items").toDF().schema}
    assert required == {"id": True, "price": False, "row_id": True}


@pytest.mark.parametrize("kept", [lambda c: c, slices])
def test_loosened_rule_lets_rows_in_that_the_old_constraint_forbade(
    shelf: Shelf, kept: Any
) -> None:
    shelf.start(kept(shelf.first), A)
    looser = kept(with_price(shelf.first, "1.1.0", maximum="1000"))
    migrate(shelf.lake, looser)
    shelf.add(looser, ("c", 500.0, "cid", "r3"))
    assert "1000" in shelf.constraints()["delta.constraints.price_range"]
    with pytest.raises(Exception, match="price_range"):
        shelf.add(looser, ("d", 5000.0, "dan", "r4"))


def test_what_can_change_in_place_does_and_keeps_the_rows(shelf: Shelf) -> None:
    shelf.start(shelf.first, A)
    first, *rest = [replace(c, description=f"It's {c.name}.") for c in shelf.first.columns]
    rest = [replace(c, required=False) for c in rest]
    columns = (first, Column("colour", "string"), *rest)
    rules = tuple(r for r in shelf.first.rules if r.name != "price_range")
    second = replace(shelf.first, version="1.1.0", columns=columns, rules=rules, description="New.")
    migrate(shelf.lake, second)
    assert shelf.rows() == [("a", None, 10.0, "ann", "r1")]
    fields = shelf.lake.delta("silver.items").toDF().schema
    assert [f.name for f in fields] == ["id", "colour", "price", "owner", "row_id"]
    assert [f.nullable for f in fields] == [False, True, True, True, True]
    assert fields["owner"].metadata["comment"] == "It's owner."
    assert "delta.constraints.price_range" not in shelf.constraints()
    detail = shelf.lake.delta("silver.items").detail().first()
    assert detail is not None
    assert detail.description == "New."
    before = shelf.lake.version("silver.items")
    migrate(shelf.lake, second)
    assert shelf.lake.version("silver.items") == before


@pytest.mark.parametrize(("dies_in", "after"), [("_replace", True), ("refill", True), ("_finish", False)])  # fmt: skip
def test_rows_that_no_batch_brings_again_survive_a_new_type_and_a_kill(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, dies_in: str, after: bool
) -> None:
    kept = slices if dies_in == "refill" else appended
    shelf.start(kept(narrow(shelf.first)), A, B)
    wide = kept(replace(shelf.first, version="2.0.0"))
    real = getattr(migrating, dies_in)

    def dying(*args: Any) -> None:
        if after:
            real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrating, dies_in, dying)
        with pytest.raises(KeyboardInterrupt):
            migrate(shelf.lake, wide)
    migrate(shelf.lake, wide)
    assert shelf.rows() == [A, B]
    assert dict(shelf.lake.read("silver.items").dtypes)["price"] == "double"
    before = shelf.lake.version("silver.items")
    migrate(shelf.lake, wide)
    assert shelf.lake.version("silver.items") == before


def test_what_is_deleted_before_a_killed_migration_goes_on_stays_deleted(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.start(appended(narrow(shelf.first)), A, B)
    wide = appended(replace(shelf.first, version="2.0.0"))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(migrating, "_finish", killed)
        with pytest.raises(KeyboardInterrupt):
            migrate(shelf.lake, wide)
    complete(shelf.lake, "silver.items")
    shelf.lake.delta("silver.items").delete("id = 'a'")
    purge_table(shelf.lake, "silver.items", lambda _: False)
    migrate(shelf.lake, wide)
    assert shelf.rows() == [B]


def test_a_row_that_came_while_the_others_were_looked_at_is_kept(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.start(appended(narrow(shelf.first)), A)
    real = migrating.check_fit

    def slow(*args: Any) -> None:
        real(*args)
        place = shelf.lake.identifier("silver.items")
        shelf.spark.sql(f"INSERT INTO {place} VALUES ('b', 20.0, 'bob', 'r2')")

    monkeypatch.setattr(migrating, "check_fit", slow)
    migrate(shelf.lake, appended(replace(shelf.first, version="2.0.0")))
    assert shelf.rows() == [A, B]


def test_rows_that_would_be_lost_stop_the_migration(shelf: Shelf) -> None:
    first = appended(shelf.first)
    shelf.start(first, A, B)
    stricter = with_price(first, "2.0.0", maximum="15")
    with pytest.raises(GovernanceError, match=r"price_range.*1 row"):
        migrate(shelf.lake, stricter)
    # A column that becomes required asks for a new table, which is checked in another way.
    columns = tuple(replace(c, required=True) for c in stricter.columns)
    with pytest.raises(GovernanceError, match=r"price_range is broken in 1 row"):
        migrate(shelf.lake, replace(stricter, columns=columns))
    with pytest.raises(GovernanceError, match="what was sent stays: owner is gone"):
        migrate(shelf.lake, without_owner(first, "2.0.0"))
    assert shelf.rows() == [A, B]
    assert applied(shelf.lake, "silver.items") == f"1.0.0 {first.fingerprint}"


def test_lake_from_before_the_record_is_taken_over(shelf: Shelf) -> None:
    """Its table has a stamp that nothing describes."""
    ensure(shelf.lake, with_price(shelf.first, "1.0.0", maximum="5"))
    shelf.build(shelf.first, A)
    assert shelf.rows() == [A]


def test_record_is_read_without_spark(shelf: Shelf) -> None:
    shelf.start(shelf.first, A)
    shelf.gate(with_price(shelf.first, "1.1.0", maximum="1000")).open()
    with pytest.raises(GovernanceError, match="no record"):
        recorded_contract(shelf.lake.settings, "silver.items")
    shelf.gate(shelf.first).open()
    assert recorded_contract(shelf.lake.settings, "silver.items") == shelf.first
