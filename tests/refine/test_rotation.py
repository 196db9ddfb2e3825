"""A changed key: gold follows, feedback under the old one resolves, a killed run is finished."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.governance.run import Run
from shoplake.refine.identify import identities
from shoplake.refine.pseudonym import Secret, key_id, pseudonym
from shoplake.refine.rekey import keep_vault, key_changed, rekey
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import SILVER
from shoplake.refine.vault import VAULT
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

OLD, NEW = Secret("the key of last year, gone"), Secret("the key of this year, kept")
ANN, BOB = "shop:link:L1", "shop:w2"  # what their person keys are made of
HELD = "governance.quarantine_gold_interest"


def key_of(person: str, key: Secret) -> str:
    return pseudonym(person, key)


@pytest.fixture(scope="module")
def rotated(
    spark: SparkSession, bronze: Callable[..., DataFrame], tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """A lake whose gold was made under OLD, and which went to NEW; killed once on the way."""
    settings = dataclasses.replace(load("local"), lake=str(tmp_path_factory.mktemp("l") / "lake"))
    run = Run("refine", Lake(spark, settings), load_contracts(conf_dir() / "contracts"))

    def put(table: str, rows: DataFrame) -> None:
        rows.write.format("delta").mode("append").save(str(run.lake.folder(table)))

    put("bronze.people", bronze("people", {"person_id": "w1", "link_key": "L1"},
                                {"person_id": " a1 ", "link_key": "L1"}))  # fmt: skip
    put("bronze.orders", bronze("orders", {"person_id": "w2"}, {"person_id": "w1"}))
    keep_vault(run, OLD)
    old = [key_of(ANN, OLD), key_of(BOB, OLD)]
    put(
        "gold.interest",
        spark.createDataFrame([(k, "p") for k in old], "person_key string, p string"),
    )
    held = [("r1", f'{{"person_key":"{old[1]}"}}', [("x", "person_key", old[1])])]
    reasons = "array<struct<rule:string,column:string,value:string>>"
    put(HELD, spark.createDataFrame(held, f"row_id string, record string, reasons {reasons}"))
    named = [{"feedback_id": f"f{i}", "product_id": "p", "kind": "click",
              "occurred_at": "2020-01-02", "person_id": p} for i, p in enumerate((*old, "a1"))]  # fmt: skip
    put("bronze.feedback", bronze("feedback", *named))
    assert key_changed(run, NEW)
    rekey(run, NEW)  # and killed before the vault was written
    assert key_changed(run, NEW)
    keep_vault(run, NEW)
    return run


def rows_of(run: Run, table: str, *columns: str) -> set[tuple[Any, ...]]:
    return {tuple(r) for r in run.lake.read(table).select(*columns).collect()}


@pytest.mark.slow
def test_gold_and_its_held_rows_are_under_the_new_key(rotated: Run) -> None:
    ann, bob = key_of(ANN, NEW), key_of(BOB, NEW)
    assert rows_of(rotated, "gold.interest", "person_key") == {(ann,), (bob,)}
    held = rotated.lake.read(HELD).first()
    assert held is not None
    assert held["record"] == f'{{"person_key":"{bob}"}}'
    assert held["reasons"][0]["value"] == bob


@pytest.mark.slow
def test_feedback_resolves_by_either_key_and_by_id(rotated: Run) -> None:
    ann, bob = key_of(ANN, NEW), key_of(BOB, NEW)
    settings = RefineSettings(NEW)
    known = identities(rotated.lake.read("bronze.people"), settings)
    read = rotated.reader(rotated.versions(SILVER["silver.feedback"].sources))
    sent, vault = read("bronze.feedback"), read(VAULT)
    rows = SILVER["silver.feedback"].build(sent, known, vault, settings)
    found = {(r["feedback_id"], r["person_key"]) for r in rows.collect()}
    assert found == {("shop:f0", ann), ("shop:f1", bob), ("shop:f2", ann)}


@pytest.mark.slow
def test_the_vault_has_every_value_under_both_keys(rotated: Run) -> None:
    values = {("identity", "w1"), ("identity", "a1"), ("identity", "w2"), ("link", "L1")}
    found = rows_of(rotated, VAULT, "kind", "value", "key_id", "retired")
    assert found == {(*v, key_id(key), key is OLD) for v in values for key in (OLD, NEW)}
    assert (key_of(BOB, OLD), "w2") in rows_of(rotated, VAULT, "pseudonym", "value")


@pytest.mark.slow
def test_once_more_changes_no_table(rotated: Run) -> None:
    tables = ("gold.interest", HELD, VAULT)
    before = rotated.versions(tables)
    again = Run("refine", rotated.lake, rotated.contracts)
    keep_vault(again, NEW)
    assert rekey(again, NEW) == {}
    assert again.versions(tables) == before


def test_a_key_id_tells_keys_apart_and_is_short() -> None:
    assert key_id(OLD) != key_id(NEW)
    assert len(key_id(OLD)) == 8
    assert key_id(OLD) == key_id(Secret(OLD.reveal()))


@pytest.mark.slow
def test_a_lake_folder_holds_no_key(rotated: Run) -> None:
    secrets = [s for key in (OLD, NEW) for s in (key.reveal(), key.reveal().hex().encode())]
    for path in Path(rotated.lake.settings.lake).rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not any(secret in content for secret in secrets), path
