"""A new version beside the one in service, on one holdout: it need not win, but may not lose."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from pyspark.sql import SparkSession

from shoplake.evaluate.champion import Champion, fairly
from shoplake.evaluate.holdout import Holdout
from shoplake.evaluate.protocol import incidence
from shoplake.evaluate.recommender import Judgement, judge_ranking
from shoplake.governance.run import Run
from shoplake.models.recommenders.lake_model import LakeModel
from shoplake.serve.histories import Histories

PEOPLE, ITEMS = 60, 30
CUT = datetime(2026, 3, 1, tzinfo=UTC)


class Knows:
    """Puts what some people will buy first, for everybody else item 1, which is popular."""

    near = np.zeros((ITEMS + 1, 1), dtype=np.int64)
    size = ITEMS + 1

    def __init__(self, people: int) -> None:
        self.people = people

    def block(self, history: np.ndarray, counts: np.ndarray, days: np.ndarray) -> np.ndarray:
        found = np.zeros((len(history), self.size), dtype=np.float32)
        found[:, 1] = 1
        # A person's history names them: item 1 + their number's rest.
        known = counts[:, 0] <= self.people
        found[known, history[known, 0] + 1] = 2
        return found


def judge(new: int, old: int | None) -> Judgement:
    """Versions that know of so many people what they buy."""
    owned = np.arange(PEOPLE) % (ITEMS - 5) + 2
    number = np.arange(1, PEOPLE + 1)[:, None]
    histories = Histories(owned[:, None], number, np.ones_like(number))
    holdout = Holdout(
        keys=[str(n) for n in range(PEOPLE)],
        histories=histories,
        truth=incidence([[item + 1] for item in owned], ITEMS + 1),
        bought=incidence([[item] for item in owned], ITEMS + 1),
        candidates=np.ones(ITEMS + 1, dtype=bool),
        popularity=np.arange(ITEMS + 1)[::-1],
        recent_popularity=np.arange(ITEMS + 1)[::-1],
    )
    champion = None if old is None else ("champion v3", Knows(old))
    return judge_ranking("m", Knows(new), holdout, cut=CUT, horizon_days=7, champion=champion)


@pytest.mark.parametrize(("old", "keeps"), [(60, True), (42, False), (20, False)])
def test_a_version_that_is_surely_worse_leaves_the_champion(old: int, keeps: bool) -> None:
    verdict = judge(40, old).verdict
    assert verdict.passed, "the champion is none of the baselines"
    assert verdict.keeps_champion == keeps
    said = "Keeps champion v3: worse by -" if keeps else "Not worse than champion v3, "
    assert said in verdict.text()


def test_the_champion_is_one_more_scorer_on_every_task() -> None:
    alone, beside = judge(40, None), judge(40, 60)
    told = beside.metrics
    ours = told[told["scorer"] != "champion v3"].reset_index(drop=True)
    assert ours.equals(alone.metrics)
    assert set(told[told["scorer"] == "champion v3"]["task"]) == {"all", "new"}
    assert alone.verdict.champion is None
    assert alone.verdict.text() == beside.verdict.text().split(". Keeps")[0]


def test_the_difference_to_the_champion_is_of_the_same_people() -> None:
    verdict = judge(40, 60).verdict
    lead = verdict.champion
    assert lead is not None
    assert lead.baseline_value == pytest.approx(1.0)
    assert lead.difference.value == pytest.approx(verdict.mean.value - 1)
    assert lead.difference.low < lead.difference.value < lead.difference.high < 0


def test_what_the_champions_own_lists_brought_about_keeps_nobody_out() -> None:
    steered = replace(judge(40, 60).verdict, steered=True)
    assert not steered.keeps_champion
    assert "champion v3 has 1.0000, -" in steered.text()
    assert "decides nothing" in steered.text()


@pytest.mark.parametrize(
    ("kind", "version", "days", "keeps"),
    [
        ("impression", "3", 2, False),
        ("impression", "2", 2, True),
        ("impression", "3", -1, True),
        ("impression", "3", 7, True),
        ("click", "3", 2, True),
    ],
)
def test_lists_shown_in_the_held_out_period_are_looked_for(
    spark: SparkSession, kind: str, version: str, days: int, keeps: bool
) -> None:
    row = (kind, version, CUT + timedelta(days=days))
    log = spark.createDataFrame([row], "kind string, model_version string, occurred_at timestamp")
    run = SimpleNamespace(versions=lambda _: {}, reader=lambda _: lambda _: log)
    champion = Champion("3", cast(LakeModel, None))
    judged = fairly(cast(Run, run), judge(40, 60), champion, CUT, CUT + timedelta(days=7))
    assert judged.verdict.keeps_champion == keeps
