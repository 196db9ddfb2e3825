"""Events that silver does not have yet, read as silver will have them."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.governance.run import Run
from shoplake.refine.pseudonym import Secret
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import build_silver
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load
from shoplake.serve import newest
from shoplake.serve.newest import EVENTS, IDENTITIES, RECORDS, newest_events

pytestmark = pytest.mark.slow

SETTINGS = RefineSettings(Secret("a key for the newest events"))
ANN = {"person_id": "ann", "row_id": "p1", "signed_up_at": "2025-01-01"}


def view(number: int, **given: Any) -> dict[str, Any]:
    return {
        "event_id": str(number), "person_id": "ann", "platform": "web", "kind": "view",
        "session_id": "s1", "product_id": "mug", "row_id": f"e{number}",
        "occurred_at": f"2026-01-01 10:{number:02}:00",
    } | given  # fmt: skip


class Shop:
    """A lake whose records come before silver is made of them, or after."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.lake = Lake(spark, dataclasses.replace(load("local"), lake=str(folder)))
        self.contracts = load_contracts(conf_dir() / "contracts")

    def run(self) -> Run:
        return Run("live", self.lake, self.contracts)

    def tell(self, table: str, *rows: dict[str, Any]) -> None:
        contract = self.contracts[table]
        fixed = {"_source": "shop", "_ingested_at": datetime(2026, 1, 2)}
        said = [fixed | {f"_{k}" if k == "row_id" else k: v for k, v in r.items()} for r in rows]
        values = [tuple(row.get(c.name) for c in contract.columns) for row in said]
        kind = schema(contract)
        frame = self.lake.spark.createDataFrame(values, kind, verifySchema=False).coalesce(1)
        frame.write.format("delta").mode("append").save(str(self.lake.folder(table)))

    def refine(self) -> None:
        run = Run("refine", self.lake, self.contracts)
        build_silver(run, IDENTITIES, SETTINGS)
        build_silver(run, EVENTS, SETTINGS)

    def now(self) -> list[dict[str, Any]]:
        run = self.run()
        read = run.reader(run.versions([EVENTS, RECORDS, IDENTITIES]))
        return self.sorted(
            [
                r.asDict()
                for r in read(EVENTS).unionByName(newest_events(read, SETTINGS).frame).collect()
            ]
        )

    def silver(self) -> list[dict[str, Any]]:
        return self.sorted([r.asDict() for r in self.lake.read(EVENTS).collect()])

    @staticmethod
    def sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return sorted(rows, key=lambda r: r["row_id"])


@pytest.fixture(scope="module")
def refined(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ann has looked at a mug, and silver knows."""
    folder = tmp_path_factory.mktemp("newest") / "lake"
    shop = Shop(spark, folder)
    shop.run().gate.open()
    shop.tell("bronze.people", ANN)
    shop.tell(RECORDS, view(1))
    shop.refine()
    return folder


@pytest.fixture
def shop(spark: SparkSession, refined: Path, tmp_path: Path) -> Shop:
    """A copy of that lake."""
    return Shop(spark, Path(shutil.copytree(refined, tmp_path / "lake")))


def test_new_events_are_as_silver_will_have_them(shop: Shop) -> None:
    """Cleaned, of the same person, and held where its contract holds them."""
    shop.tell(RECORDS, view(2, product_id=" pot "), view(3, kind="sneezed"))
    soon = shop.now()
    assert [(r["row_id"], r["product_id"]) for r in soon] == [
        ("e1", "shop:MUG"),
        ("e2", "shop:POT"),
    ]
    assert len({r["person_key"] for r in soon}) == 1
    shop.refine()
    assert soon == shop.silver()
    assert soon == shop.now()


def test_an_event_that_silver_has_is_not_taken_twice(shop: Shop) -> None:
    shop.tell(RECORDS, view(1, row_id="e1 again"), view(2))
    assert [r["row_id"] for r in shop.now()] == ["e1", "e2"]


def taken_away(shop: Shop) -> None:
    shop.tell(RECORDS, view(2))
    shop.lake.delta(RECORDS).delete("_row_id = 'e1'")


def written_by_another(shop: Shop) -> None:
    shop.tell(RECORDS, view(2))
    shop.lake.delta(EVENTS).update("row_id = 'e1'", {"position": "7"})


def many(shop: Shop) -> None:
    shop.tell(RECORDS, *(view(n) for n in range(2, 2 + newest.MOST + 1)))


@pytest.mark.parametrize("happens", [taken_away, written_by_another, many])
def test_what_cannot_be_told_waits_for_silver(
    shop: Shop, happens: Callable[[Shop], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest, "MOST", 2)
    happens(shop)
    assert [r["row_id"] for r in shop.now()] == ["e1"]
