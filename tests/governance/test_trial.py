"""What a mended contract would let in is known before anything is written, and is what enters."""

from __future__ import annotations

import dataclasses

import pytest
from pyspark.sql import DataFrame

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Contract
from shoplake.governance.held import held_rows, held_rules
from shoplake.governance.quarantine import quarantine_contract
from shoplake.governance.run import Run
from shoplake.governance.trial import Trial, trial

ROWS = [("a", 5.0, "ann", "r1"), ("b", 150.0, "bob", "r2"), ("c", -1.0, "C3", "r3")]


@pytest.fixture
def candidate(run: Run) -> DataFrame:
    return run.lake.spark.createDataFrame(
        ROWS, "id string, price double, owner string, row_id string"
    )


@pytest.fixture
def held(run: Run, items: Contract, candidate: DataFrame) -> Run:
    build(run, items, candidate)
    return run


@pytest.fixture
def mended(items: Contract) -> Contract:
    """The same contract with a price of up to 200."""
    rules = tuple(
        dataclasses.replace(r, maximum="200") if r.name == "price_range" else r for r in items.rules
    )
    return dataclasses.replace(items, rules=rules, version="1.1.0")


def build(run: Run, contract: Contract, candidate: DataFrame) -> None:
    known = {c.table: c for c in run.contracts}
    again = Run("test", run.lake, ContractBook({**known, contract.table: contract}))
    again.build(contract.table, lambda _: candidate, inputs=())


def test_reasons_are_counted_by_rule(held: Run) -> None:
    found = {h.rule: (h.rows, h.example) for h in held_rules(held.lake.settings)}
    assert found == {"price_range": (2, "150.0"), "owner_pattern": (1, "***")}


def test_a_row_shows_every_reason_and_no_personal_value(held: Run) -> None:
    (row,) = held_rows(held.lake.settings, "silver.items", rule="owner_pattern")
    assert row["row_id"] == "r3"
    assert {x["rule"] for x in row["reasons"]} == {"price_range", "owner_pattern"}
    assert "C3" not in str(row)


def test_what_would_enter_is_told_without_writing(
    held: Run, candidate: DataFrame, mended: Contract
) -> None:
    ids = held.lake.read(quarantine_contract(mended).table).select("row_id")
    version = held.lake.version("silver.items")
    found = trial(held.lake, mended, candidate, ids)
    rules = {"price_range": 1, "owner_pattern": 1}
    assert found == Trial("silver.items", passed=1, held=1, rules=rules)
    assert held.lake.version("silver.items") == version


def test_what_was_told_is_what_enters(held: Run, candidate: DataFrame, mended: Contract) -> None:
    build(held, mended, candidate)
    assert sorted(r.id for r in held.lake.read("silver.items").collect()) == ["a", "b"]
    assert [r["row_id"] for r in held_rows(held.lake.settings, "silver.items")] == ["r3"]


def test_a_held_row_that_the_batch_lacks_is_gone(
    held: Run, candidate: DataFrame, mended: Contract
) -> None:
    ids = held.lake.read(quarantine_contract(mended).table).select("row_id")
    found = trial(held.lake, mended, candidate.where("row_id <> 'r2'"), ids)
    assert (found.passed, found.held, found.gone) == (0, 1, 1)
