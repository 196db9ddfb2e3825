"""Families on a lake of their own, from its purchases to served lists."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import replace
from datetime import datetime

import pytest
import yaml
from small_loop import Loop

from shoplake.contracts.ddl import schema
from shoplake.evaluate.family_job import planned
from shoplake.evaluate.lake_moments import LakeReader
from shoplake.ingest.check import shop_mapping
from shoplake.models.recommenders.lake_model import LakeModel
from shoplake.models.tracking import Registry
from shoplake.runtime.settings import conf_dir, load
from shoplake.runtime.sql import query
from shoplake.steps import job, start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def families(loop: Loop, tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """A copy of the lake with EASE and the ranker as versions 2 and 3."""
    lake = tmp_path_factory.mktemp("families") / "lake"
    shutil.copytree(loop.settings.lake, lake)
    made = replace(
        loop,
        settings=load("local", lake=str(lake)),
        step=lambda name, *more: job(name)(["--lake", str(lake), "--shop", "builtin", *more]),
    )
    said = yaml.safe_load((conf_dir() / "models" / "next_purchases.yml").read_text())
    file = lake.parent / "next_purchases.yml"
    file.write_text(yaml.safe_dump(said | {"trees": 20, "least": 5}))
    made.step("features")  # other tests may have brought feedback into the lake
    Registry.of(made.settings).promote("1", True, "wins")
    made.step("train", "--model", "ease")
    made.step("train", "--model", str(file), "--hold")
    return made


def test_a_family_is_a_version_of_the_shop_s_recommender(families: Loop) -> None:
    registry = Registry.of(families.settings)
    for version, name in (("2", "ease"), ("3", "next_purchases")):
        model = registry.load(version)
        assert isinstance(model, LakeModel)
        assert model.family.name == name
        assert registry.verdict(version) is not None
        data = query(
            families.settings,
            f"SELECT * FROM governance.model_data WHERE model_version = '{version}'",
        )
        assert {"silver.orders", "gold.item_features"} <= {r["table_name"] for r in data}
        judged = query(
            families.settings,
            f"SELECT * FROM governance.model_metrics WHERE model_version = '{version}'"
            " AND scorer = 'two_tower' AND metric = 'ndcg@10'",
        )
        assert {r["task"] for r in judged} >= {"all", "new"}
        decided = query(
            families.settings,
            f"SELECT * FROM governance.model_decisions WHERE model_version = '{version}'",
        )
        assert [r["stage"] for r in decided] == ["baselines"]
        assert name in decided[0]["reason"]


def test_the_champion_is_judged_on_the_same_people_and_is_no_baseline(families: Loop) -> None:
    shown = query(
        families.settings,
        "SELECT * FROM governance.model_metrics WHERE model_version = '2'"
        " AND scorer = 'champion v1' AND metric = 'ndcg@10'",
    )
    assert {r["task"] for r in shown} >= {"all", "new"}
    (decided,) = query(
        families.settings, "SELECT * FROM governance.model_decisions WHERE model_version = '2'"
    )
    assert (decided["against"], decided["metric"]) == ("1", "new ndcg@10")
    assert decided["low"] <= decided["value"] <= decided["high"]
    assert (decided["high"] < 0) == ("Keeps champion v1" in decided["reason"])


def test_the_same_again_changes_nothing(families: Loop) -> None:
    families.step("train", "--model", "ease")
    found = query(
        families.settings, "SELECT DISTINCT model_version AS v FROM governance.model_metrics"
    )
    assert {r["v"] for r in found} == {"1", "2", "3"}


@pytest.mark.parametrize("version", ["2", "3"])
def test_score_serves_whichever_family_is_champion(families: Loop, version: str) -> None:
    Registry.of(families.settings).promote(version, True, "wins")
    families.step("score")
    lists = query(
        families.settings,
        "SELECT * FROM gold.recommendations WHERE NOT is_fallback AND as_of ="
        " (SELECT max(as_of) FROM gold.recommendations)",
    )
    assert {r["model_version"] for r in lists} == {version}
    assert any(r["reason"].startswith("goes with") for r in lists)
    assert json.dumps([r["score"] for r in lists]).count("NaN") == 0


def test_families_learn_from_the_histories_that_they_are_judged_and_served_with(
    families: Loop,
) -> None:
    run = start("train", families.settings)
    pinned, family = planned(run, "ease", shop_mapping("builtin"))
    reader = LakeReader(run, pinned, family.history_length)  # type: ignore[union-attr]
    cut = reader.instants(reader.view(), training=False)[-1]
    examples = query(
        families.settings,
        "SELECT DISTINCT person_key, history, history_counts, history_days"
        " FROM gold.training_examples WHERE split = 'test'",
    )
    assert examples
    place = {key: at for at, key in enumerate(cut.keys)}
    for row in examples:
        at = place[row["person_key"]]
        assert (cut.seen.item[at] + 1).tolist() == list(row["history"])
        assert cut.seen.times[at].tolist() == list(row["history_counts"])
        assert cut.seen.days[at].tolist() == list(row["history_days"])


def test_what_its_stock_plan_sees_running_out_leaves_the_lists(families: Loop) -> None:
    def shown() -> tuple[datetime, Counter[str]]:
        rows = query(
            families.settings,
            "SELECT product_id, as_of FROM gold.recommendations WHERE as_of ="
            " (SELECT max(as_of) FROM gold.recommendations)",
        )
        return rows[0]["as_of"], Counter(r["product_id"] for r in rows)

    at, before = shown()
    short = before.most_common(1)[0][0]
    run = start("forecast", families.settings)
    row = {"product_id": short, "as_of": at, "stock": 1, "alert": "shortage"}
    row |= {"lead_periods": 7, "service_level": 0.95, "expected_demand": 9.0, "reorder_point": 12}
    row |= {"order_quantity": 20, "order_now": True, "days_of_stock": 1.0}
    row |= {"shortage_probability": 0.9}
    contract = run.contracts["gold.stock_plan"]
    values = [tuple(row[name] for name in contract.column_names)]
    frame = run.lake.spark.createDataFrame(values, schema(contract))
    run.build("gold.stock_plan", lambda _: frame, inputs=(), params="short")
    families.step("score")
    assert short not in shown()[1]
