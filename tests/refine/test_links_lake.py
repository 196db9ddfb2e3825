"""A lake that hears of links piece by piece ends as one that heard all at once (law 2)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.governance.run import Run
from shoplake.refine.linked import linked
from shoplake.refine.pseudonym import pseudonym
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import SILVER, build_silver
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

pytestmark = pytest.mark.slow
BronzeMaker = Callable[..., DataFrame]
Rows = list[dict[str, Any]]
TABLES = ("silver.identities", "silver.people", "silver.identity_links", "silver.orders")
PEOPLE: Rows = [
    {"person_id": p, "platform": platform, "consent": "true", "signed_up_at": "2025-01-01",
     "row_id": f"p{p}"}
    for p, platform in (("a", "web"), ("b", "app"), ("c", "store"))
]  # fmt: skip
ORDERS: Rows = [
    {"order_id": f"o{p}", "line_id": "1", "person_id": p, "product_id": "mug", "quantity": "1",
     "unit_price": "5", "currency": "EUR", "kind": "sale", "line_kind": "product",
     "ordered_at": "2026-01-01", "row_id": f"o{p}"}
    for p in "abc"
]  # fmt: skip


def link(number: int, person: str, key: str, day: int, **given: Any) -> dict[str, Any]:
    return {
        "person_id": person, "key_kind": "card", "link_key": key,
        "declared_at": f"2026-01-{day:02}", "row_id": f"l{number}",
    } | given  # fmt: skip


JOINED = [link(1, "a", "1", 1), link(2, "b", "1", 1), link(3, "b", "2", 2), link(4, "c", "2", 4)]
#: The last says less than the first one did: it was said before c withdrew.
LATER = [link(5, "c", "2", 6, kind="unlink"), link(6, "c", "2", 5)]


class Shop:
    """A lake of its own whose silver follows what `tell` brings."""

    def __init__(
        self, spark: SparkSession, folder: Path, bronze: BronzeMaker, settings: RefineSettings
    ) -> None:
        lake = Lake(spark, dataclasses.replace(load("local"), lake=str(folder)))
        self.run = Run("refine", lake, load_contracts(conf_dir() / "contracts"))
        self.run.gate.open()
        self.bronze, self.settings = bronze, settings
        self.tell("people", PEOPLE)
        self.tell("orders", ORDERS)

    def tell(self, entity: str, rows: Rows) -> None:
        folder = str(self.run.lake.folder(f"bronze.{entity}"))
        self.bronze(entity, *rows).write.format("delta").mode("append").save(folder)

    def refined(self) -> dict[str, list[tuple[Any, ...]]]:
        """Rows by table, after a run of its own."""
        run = Run("refine", self.run.lake, self.run.contracts)
        for table in TABLES:
            build_silver(run, table, self.settings)
        there = [t for t in TABLES if run.lake.exists(t)]
        return {t: sorted(map(tuple, run.lake.read(t).collect()), key=str) for t in there}

    def whose(self) -> dict[str, str]:
        rows = self.run.lake.read("silver.orders").collect()
        return {r["row_id"]: r["person_key"] for r in rows}


@pytest.fixture(scope="module")
def stages(
    spark: SparkSession,
    bronze: BronzeMaker,
    settings: RefineSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Shop, dict[str, Any]]:
    """Tables, the orders' people and who a is linked with: unlinked, joined, partly withdrawn."""
    shop = Shop(spark, tmp_path_factory.mktemp("links") / "lake", bronze, settings)
    found = {"none": (shop.refined(), shop.whose())}
    shop.tell("links", JOINED)
    ids, _ = linked(shop.run.lake, {("shop", "a")}, settings.pseudonym_key)
    found["joined"] = (shop.refined(), shop.whose(), {i for _, i in ids})
    shop.tell("links", LATER)
    ids, keys = linked(shop.run.lake, {("shop", "a")}, settings.pseudonym_key)
    found["parted"] = (shop.refined(), shop.whose(), {i for _, i in ids}, keys)
    return shop, found


def test_orders_and_people_follow_the_linked_person_and_part_again(
    stages: tuple[Shop, dict[str, Any]], settings: RefineSettings
) -> None:
    a, b, c = (pseudonym(f"shop:{p}", settings.pseudonym_key) for p in "abc")
    _, found = stages
    assert found["none"][1] == {"oa": a, "ob": b, "oc": c}
    assert found["joined"][1] == {"oa": a, "ob": a, "oc": a}
    assert found["parted"][1] == {"oa": a, "ob": a, "oc": c}
    # Of silver.people: the key and the platforms.
    platforms = {stage: {r[0]: r[2] for r in found[stage][0]["silver.people"]} for stage in found}
    assert platforms["joined"] == {a: ["app", "store", "web"]}
    assert platforms["parted"] == {a: ["app", "web"], c: ["store"]}


def test_an_erasure_follows_links_in_force_and_no_others(
    stages: tuple[Shop, dict[str, Any]],
) -> None:
    _, found = stages
    assert found["joined"][2] == {"a", "b", "c"}
    assert found["parted"][2] == {"a", "b"}
    assert found["parted"][3] == set(), "a key that others may go by names nobody"


def test_piece_by_piece_is_as_all_at_once_and_again_changes_nothing(
    stages: tuple[Shop, dict[str, Any]],
    spark: SparkSession,
    bronze: BronzeMaker,
    settings: RefineSettings,
    tmp_path: Path,
) -> None:
    shop, found = stages
    whole = Shop(spark, tmp_path / "lake", bronze, settings)
    whole.tell("links", [*LATER, *JOINED][::-1])
    assert whole.refined() == found["parted"][0]
    before = shop.run.versions(SILVER)
    assert shop.refined() == found["parted"][0]
    assert shop.run.versions(SILVER) == before
