"""A challenger on a lake of its own: compared on the log, tried on people, and sent off or crowned."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
import yaml
from pyspark.sql import SparkSession
from small_loop import Loop

from shoplake.evaluate.retraining.challenger import Challenger
from shoplake.evaluate.retraining.decisions import TABLE, DecisionBook
from shoplake.evaluate.retraining.settings import load_retrain_settings
from shoplake.evaluate.training import pin
from shoplake.features.behaviour import read_behaviour
from shoplake.models.tracking import Registry
from shoplake.runtime.settings import load
from shoplake.runtime.sql import query
from shoplake.steps import job, start

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def two_versions(
    answered: Loop, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> Loop:
    """A copy of the lake after people answered, with version 1 in service and a version 2."""
    lake = tmp_path_factory.mktemp("retraining") / "lake"
    shutil.copytree(answered.settings.lake, lake)
    settings = load("local", lake=str(lake))
    said = yaml.safe_load(answered.model.read_text()) | {"seed": 7}
    model = lake.parent / "other.yml"
    model.write_text(yaml.safe_dump(said))
    made = replace(
        answered,
        settings=settings,
        step=lambda name, *more: job(name)(["--lake", str(lake), "--shop", "builtin", *more]),
        model=model,
    )
    Registry.of(settings).promote("1", True, "wins")
    made.step("features")
    made.step("retrain", "--model", str(model), "--force")
    return made


def decisions(loop: Loop) -> list[tuple[str, str, str]]:
    rows = query(loop.settings, f"SELECT stage, model_version, decision FROM {TABLE}")
    return sorted((r["stage"], r["model_version"], r["decision"]) for r in rows)


def test_learning_again_is_on_record_with_its_reason_and_leaves_the_champion(
    two_versions: Loop,
) -> None:
    made = decisions(two_versions)
    assert ("trigger", "1", "train") in made
    assert any(stage == "baselines" and version == "2" for stage, version, _ in made)
    judged = query(two_versions.settings, f"SELECT * FROM {TABLE} WHERE model_version = '2'")
    assert "champion v1" in next(r["reason"] for r in judged if r["stage"] == "baselines")
    assert Registry.of(two_versions.settings).champion() == "1"
    # If version 2 is being tried by now, the next turn looks at its lists: there are none yet.
    two_versions.step("retrain", "--model", str(two_versions.model), "--force")
    again = decisions(two_versions)
    two_versions.step("retrain", "--model", str(two_versions.model), "--force")
    assert decisions(two_versions) == again, "the same data ends in the same decisions"


def test_a_challenger_is_compared_tried_on_some_people_and_judged(
    two_versions: Loop, spark: SparkSession
) -> None:
    run = start("retrain", two_versions.settings)
    registry = Registry.of(two_versions.settings)
    said = load_retrain_settings()
    book = DecisionBook(run, registry.name)
    behaviour = read_behaviour(run)
    tried = Challenger(book, registry, said, "2", "1")
    tried.compare(behaviour, pin(run, 14).cut, 50, erasure=None)
    offline = book.last("2", "offline")
    assert "impressions of" in offline["reason"]
    if offline["decision"] == "keep":
        registry.challenge("2")
    assert registry.challenger() == "2"

    two_versions.step("score")
    served = query(
        two_versions.settings,
        "SELECT model_version, count(DISTINCT person_key) AS people FROM gold.recommendations "
        "WHERE as_of = (SELECT max(as_of) FROM gold.recommendations) GROUP BY model_version",
    )
    people = {r["model_version"]: r["people"] for r in served}
    assert set(people) == {"1", "2"}
    assert 0 < people["2"] < people["1"] / 2

    two_versions.step("retrain")
    judged = book.last("2", "canary")
    assert judged["decision"] in ("wait", "rollback")
    assert registry.champion() == "1"
