"""Lists between two batches: who gets a fresh one, and what may no longer be in it."""

from __future__ import annotations

import argparse
import dataclasses
import shutil
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from shoplake_jobs.live import live

from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

pytestmark = pytest.mark.slow

BATCH = datetime(2026, 1, 25, tzinfo=UTC)
LATER = BATCH + timedelta(hours=5)
ARGS = argparse.Namespace(shop="builtin")
ANN, BOB, CAT, DAN = (f"{n:032x}" for n in range(1, 5))
MUG, POT, RAKE, HOSE = (f"shop:{n}" for n in range(1, 5))


def rows_of(run: Run, table: str, rows: list[dict[str, Any]]) -> None:
    """Writes rows, other columns null, in the table's own schema and past its rules."""
    contract = run.contracts[table]
    values = [tuple(row.get(c.name) for c in contract.columns) for row in rows]
    frame = run.lake.spark.createDataFrame(values, schema(contract)).coalesce(1)
    frame.write.format("delta").mode("overwrite").save(str(run.lake.folder(table)))


def line(person: str, product: str, at: datetime) -> dict[str, Any]:
    return {
        "order_line_id": f"{person[-1]}{product}{at}", "order_id": f"{person[-1]}{at}",
        "person_key": person, "product_id": product, "shop": "shop", "kind": "sale",
        "line_kind": "product", "quantity": 1, "unit_price": Decimal(3), "currency": "GBP",
        "amount": Decimal(3), "cancelled_quantity": 0, "net_quantity": 1, "is_outlier": False,
        "ordered_at": at, "order_date": at.date(), "row_id": f"{person[-1]}{product}{at}",
    }  # fmt: skip


def product(product_id: str, stock: int | None = 5) -> dict[str, Any]:
    return {
        "product_id": product_id, "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
        "is_current": True, "shop": "shop", "name": product_id, "kind": "product",
        "text": product_id, "stock": stock, "row_id": product_id,
    }  # fmt: skip


EARLY = [
    line(ANN, MUG, BATCH - timedelta(days=9)),
    line(BOB, POT, BATCH - timedelta(days=8)),
    line(CAT, RAKE, BATCH - timedelta(days=7)),
]


def run_on(spark: SparkSession, folder: Path) -> Run:
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(folder)))
    return Run("live", lake, load_contracts(conf_dir() / "contracts"))


@pytest.fixture(scope="module")
def after_batch(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everyone was recommended what they had bought; Dan, whom nobody knows, the mug."""
    folder = tmp_path_factory.mktemp("live") / "lake"
    made = run_on(spark, folder)
    made.gate.open()
    rows_of(made, "silver.orders", EARLY)
    rows_of(made, "silver.products", [product(p) for p in (MUG, POT, RAKE, HOSE)])
    people = [{"person_key": p, "shop": "shop", "consent": True, "row_id": p} for p in (ANN, DAN)]
    rows_of(made, "silver.people", people)
    items = [
        {"product_id": p, "as_of": BATCH, "item_index": n, "name": p, "text": p, "available": True,
         "purchases_total": 1, "purchases_30d": 1, "people_30d": 5 - n, "views_30d": 0,
         "log_popularity": 1.0}
        for n, p in enumerate((MUG, POT, RAKE, HOSE), 1)
    ]  # fmt: skip
    rows_of(made, "gold.item_features", items)
    lists = [
        {"person_key": person, "as_of": BATCH, "rank": 1, "product_id": p, "score": 1.0,
         "reason": "r", "model_name": "m", "model_version": "1", "is_fallback": person == DAN}
        for person, p in ((ANN, MUG), (BOB, POT), (CAT, RAKE), (DAN, MUG))
    ]  # fmt: skip
    rows_of(made, "gold.recommendations", lists)
    return folder


@pytest.fixture
def run(spark: SparkSession, after_batch: Path, tmp_path: Path) -> Run:
    """A copy of that lake."""
    return run_on(spark, Path(shutil.copytree(after_batch, tmp_path / "lake")))


def fresh(run: Run) -> dict[str, list[str]]:
    """Products by person, best first."""
    live(Run("live", run.lake, run.contracts), ARGS)
    rows = run.lake.read("gold.live_recommendations").orderBy("person_key", "rank").collect()
    found: dict[str, list[str]] = {}
    for r in rows:
        found.setdefault(r["person_key"], []).append(r["product_id"])
    return found


def test_who_did_something_since_gets_a_list_that_knows_of_it_once(run: Run) -> None:
    late = [*EARLY, line(BOB, HOSE, LATER), line(BOB, HOSE, LATER + timedelta(minutes=1))]
    rows_of(run, "silver.orders", late)
    found = fresh(run)
    assert set(found) == {BOB}
    # The hose was bought minutes ago, and what was bought these three days is left out.
    assert found[BOB][0] == POT
    assert HOSE not in found[BOB]
    row = run.lake.read("gold.live_recommendations").first()
    assert row["as_of"] == (LATER + timedelta(minutes=1, microseconds=1)).replace(tzinfo=None)
    assert row["batch_as_of"] == BATCH.replace(tzinfo=None)
    version = run.lake.version("gold.live_recommendations")
    assert set(fresh(run)) == {BOB}
    assert run.lake.version("gold.live_recommendations") == version


def test_what_is_sold_out_or_gone_leaves_every_list_that_names_it(run: Run) -> None:
    rows_of(run, "silver.products", [product(MUG, 0), product(POT), product(HOSE)])
    found = fresh(run)
    assert set(found) == {ANN, CAT, DAN}
    assert all(products and not {MUG, RAKE} & {*products} for products in found.values())


def test_who_was_linked_since_the_batch_gets_a_list_that_knows_both(run: Run) -> None:
    """Bob's pot is Ann's now; Cat's link is of before the batch, which knew it."""
    rows_of(run, "silver.orders", [EARLY[0], line(ANN, POT, BATCH - timedelta(days=8)), EARLY[2]])
    said = [
        {"identity_key": who, "person_key": person, "link_key": key, "shop": "shop",
         "valid_from": at, "key_kind": "card", "is_linked": True, "confidence": 1.0, "row_id": who}
        for who, person, key, at in (
            (ANN, ANN, DAN, BATCH - timedelta(days=30)), (BOB, ANN, DAN, LATER),
            (CAT, CAT, BOB, BATCH - timedelta(days=30)),
        )
    ]  # fmt: skip
    rows_of(run, "silver.identity_links", said)
    found = fresh(run)
    assert set(found) == {ANN}
    assert set(found[ANN][:2]) == {MUG, POT}


def test_what_came_after_the_batch_counts_whenever_it_happened(run: Run) -> None:
    """The batch's instant is the midnight after what it read, and a record may be late."""
    lists = run.lake.read("gold.recommendations").collect()
    batch = run.lake.spark.createDataFrame(lists, schema(run.contracts["gold.recommendations"]))
    run.build("gold.recommendations", lambda read: batch, inputs=["silver.orders"])
    earlier = line(BOB, HOSE, BATCH - timedelta(hours=9))
    rows_of(run, "silver.orders", [*EARLY, earlier])
    found = fresh(run)
    assert set(found) == {BOB}
    assert HOSE not in found[BOB]


def test_what_a_batch_read_may_be_gone_then_the_time_counts(run: Run) -> None:
    lists = run.lake.read("gold.recommendations").collect()
    batch = run.lake.spark.createDataFrame(lists, schema(run.contracts["gold.recommendations"]))
    run.build("gold.recommendations", lambda read: batch, inputs=["silver.orders"])
    early = line(BOB, HOSE, BATCH - timedelta(hours=9))
    read = run.lake.files("silver.orders", 0)
    rows_of(run, "silver.orders", [*EARLY, early, line(CAT, HOSE, LATER)])
    for path in read:
        Path(path).unlink()
    assert set(fresh(run)) == {CAT}


def test_who_is_known_to_nobody_gets_what_is_popular(run: Run) -> None:
    """Eve's only purchase was taken back entirely, and no table of people has her."""
    eve = f"{5:032x}"
    bought = line(eve, MUG, LATER) | {"net_quantity": 0, "cancelled_quantity": 1}
    gone = line(eve, MUG, LATER) | {"kind": "cancellation", "order_line_id": "x", "row_id": "x"}
    rows_of(run, "silver.orders", [*EARLY, bought, gone])
    found = fresh(run)
    assert found[eve]


def test_without_a_batch_it_says_so(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    live(run_on(spark, tmp_path / "lake"), ARGS)
    assert "`score` comes first" in capsys.readouterr().out
