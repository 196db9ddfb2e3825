from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from shop_files import LAST_DAY, contents, lines

from shoplake.errors import SettingsError
from shoplake.ingest.shop import ShopConfig, best_lists, respond
from shoplake.ingest.shop.simulate import Summary

FIRST = 7
Responded = tuple[Path, Summary]


@pytest.fixture(scope="module")
def best(spark: SparkSession, tiny: ShopConfig) -> DataFrame:
    rows = best_lists(spark, tiny, FIRST, 10).toPandas()
    return spark.createDataFrame(rows)


@pytest.fixture(scope="module")
def to_best(
    spark: SparkSession, tiny: ShopConfig, best: DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Responded:
    out = tmp_path_factory.mktemp("best")
    return out, respond(spark, tiny, best, out, FIRST, LAST_DAY)


def _feedback(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines(out, "feedback")]


def test_the_best_lists_sell_more_than_random_ones(
    spark: SparkSession, tiny: ShopConfig, best: DataFrame, to_best: Responded, tmp_path: Path
) -> None:
    number = F.abs(F.hash("person_id", "rank")) % tiny.products + 1
    random = best.withColumn("product_id", F.format_string("HL%05d", number))
    summary = respond(spark, tiny, random, tmp_path, FIRST, LAST_DAY)
    sold = [
        Counter(f.get("action") for f in _feedback(out))["purchase"]
        for out in (to_best[0], tmp_path)
    ]
    assert sold[0] > 3 * sold[1]
    good, bad = to_best[1]["list"], summary["list"]
    assert good["shown"] == bad["shown"] > 50
    regret = [s["best_purchases"] - s["expected_purchases"] for s in (good, bad)]
    assert 0 <= regret[0] < 0.2 * regret[1]


def test_ordinary_files_are_those_of_simulate(
    simulated: tuple[Path, Summary], to_best: Responded
) -> None:
    ordinary = contents(simulated[0] / "raw")
    mixed = contents(to_best[0] / "raw")
    days = [f"day=2026-01-{5 + d:02d}" for d in range(FIRST, LAST_DAY + 1)]
    expected = {p: b for p, b in ordinary.items() if any(day in p for day in days)}
    assert {p: b for p, b in mixed.items() if "reactions-" not in p} == expected


def test_feedback_says_what_was_shown_where_and_how_probably(
    tiny: ShopConfig, best: DataFrame, to_best: Responded
) -> None:
    given = {(r["person_id"], r["product_id"]): r["rank"] for r in best.collect()}
    low = tiny.exploration / 10
    shown = [f for f in _feedback(to_best[0]) if f.get("action") == "impression" and "sku" in f]
    clean = [f for f in shown if (f["visitor"], f["sku"]) in given]
    assert len(clean) > 0.9 * len(shown)
    full = {f["request_id"] for f in clean if f["position"] == 10}
    for f in clean:
        if f["request_id"] in full:
            at_rank = given[f["visitor"], f["sku"]] == f["position"]
            assert f["propensity"] == pytest.approx(low + (1 - tiny.exploration) * at_rank)
    assert {f["model"] for f in shown} == {"best"}


def test_purchases_from_a_list_are_orders_too(to_best: Responded) -> None:
    out = to_best[0]
    bought = {f["feedback_id"] for f in _feedback(out) if f.get("action") == "purchase"}
    reactions = list((out / "raw" / "orders").rglob("reactions-*"))
    assert bought
    assert reactions


def test_a_second_call_with_the_same_lists_writes_the_same_bytes(
    spark: SparkSession, tiny: ShopConfig, best: DataFrame, to_best: Responded
) -> None:
    before = contents(to_best[0])
    again = respond(spark, tiny, best.orderBy("product_id"), to_best[0], FIRST, LAST_DAY)
    assert contents(to_best[0]) == before
    assert again["files"]["written"] == 0


def test_what_the_shop_does_not_know_is_counted(
    spark: SparkSession, tiny: ShopConfig, tmp_path: Path
) -> None:
    rows = [
        ("W9999999", "HL00001", 1, "m", "r1"),
        ("nobody", "HL00001", 1, "m", "r2"),
        ("W0000001", "NOT-A-SKU", 1, "m", "r3"),
    ]
    columns = ["person_id", "product_id", "rank", "model_version", "request_id"]
    summary = respond(spark, tiny, spark.createDataFrame(rows, columns), tmp_path, 0, 0)
    assert summary["list"]["unknown_people"] == 2
    assert summary["list"]["unknown_products"] == 1


def test_recommendations_without_a_column_are_refused(
    spark: SparkSession, tiny: ShopConfig, best: DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="lack request_id"):
        respond(spark, tiny, best.drop("request_id"), tmp_path, 0, 0)
