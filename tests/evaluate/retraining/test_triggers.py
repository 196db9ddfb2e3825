from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from shoplake.errors import SettingsError
from shoplake.evaluate.retraining.settings import (
    CanarySettings,
    OfflineSettings,
    RetrainSettings,
    TriggerSettings,
    load_retrain_settings,
)
from shoplake.evaluate.retraining.triggers import Situation, due, look, shift, waits_until
from shoplake.features.behaviour import Behaviour

LEARNT = datetime(2026, 3, 1, tzinfo=UTC)
LIMITS = TriggerSettings(days=28, new_share=0.2, drift=0.25, wait_days=7)


def situation(**said: object) -> Situation:
    quiet = {"champion": "3", "learnt_until": LEARNT, "now": LEARNT + timedelta(days=7)}
    return Situation(**{**quiet, "before": 1000, "since": 100, "drift": 0.1, **said})  # type: ignore[arg-type]


def test_a_quiet_week_calls_for_nothing() -> None:
    assert due(situation(), LIMITS) == []


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"champion": None}, "no version serves"),
        ({"learnt_until": None}, "not on record"),
        ({"now": LEARNT + timedelta(days=28)}, "28 days ago"),
        ({"since": 200}, "200 interactions since, 20%"),
        ({"drift": 0.3}, "shifted between categories"),
        ({"erasure": "r1"}, "erased"),
    ],
)
def test_each_trigger_says_why(said: dict[str, object], word: str) -> None:
    (reason,) = due(situation(**said), LIMITS)
    assert word in reason


@pytest.mark.parametrize(("days_ago", "reasons"), [(3, 0), (7, 1)])
def test_after_a_new_version_has_lost_the_same_triggers_wait(days_ago: int, reasons: int) -> None:
    now = LEARNT + timedelta(days=28)
    found = situation(now=now, lost=now - timedelta(days=days_ago))
    assert len(due(found, LIMITS)) == reasons
    assert (waits_until(found, LIMITS) is None) == bool(reasons)


def test_an_erasure_does_not_wait() -> None:
    now = LEARNT + timedelta(days=28)
    (reason,) = due(situation(now=now, lost=now, erasure="r1"), LIMITS)
    assert "erased" in reason


def test_the_situation_is_counted_from_what_happened(spark: SparkSession) -> None:
    def row(product: str, kind: str, day: int) -> tuple[str, str, datetime]:
        return product, kind, LEARNT + timedelta(days=day)

    did = spark.createDataFrame(
        [
            *(row("s:A", "purchase", -day) for day in range(1, 11)),
            row("s:B", "purchase", -40),
            row("s:A", "view", 0),
            *(row("s:B", "purchase", day) for day in range(1, 6)),
        ],
        "product_id string, kind string, at timestamp",
    )
    products = spark.createDataFrame(
        pd.DataFrame(
            {"product_id": ["s:A", "s:B"], "category": ["toys", "food"], "is_current": True}
        )
    )
    now = LEARNT + timedelta(days=6)
    found = look(Behaviour(did, LEARNT, now), products, "3", LEARNT, None)
    assert (found.before, found.since) == (11, 6)
    assert found.drift is not None
    assert found.drift > 1, "everything bought is of another category"
    assert look(Behaviour(did, LEARNT, now), products, "3", None, None).since == 0


def test_the_shipped_settings_are_valid_and_a_wrong_reward_is_refused() -> None:
    said = load_retrain_settings()
    assert said.reward["purchase"] > said.reward["click"]
    with pytest.raises(SettingsError, match="reward names love"):
        RetrainSettings(
            LIMITS, {"love": 1.0}, 3, OfflineSettings(100), CanarySettings(0.1, 100, 14)
        )
    with pytest.raises(SettingsError, match=r"share is 0\.9"):
        RetrainSettings(
            LIMITS, {"click": 1.0}, 3, OfflineSettings(100), CanarySettings(0.9, 100, 14)
        )


def test_chance_between_few_purchases_of_many_categories_is_no_shift() -> None:
    random = np.random.default_rng(0)
    share = random.dirichlet(np.ones(50))
    then = random.multinomial(2_000, share).tolist()
    same = [shift(random.multinomial(100, share).tolist(), then) for _ in range(200)]
    other = [shift(random.multinomial(100, share[::-1]).tolist(), then) for _ in range(200)]
    assert max(same) < 0.25  # type: ignore[type-var]
    assert np.mean(np.array(other) >= 0.25) > 0.9


def test_categories_that_nobody_bought_from_change_nothing() -> None:
    now, then = [0] * 5 + [30] * 5, [80] * 10
    found = shift(now, then)
    assert found is not None
    assert found > 1
    assert shift([*now, *[0] * 400], [*then, *[0] * 400]) == found


def test_without_purchases_nothing_is_said_of_a_shift() -> None:
    assert shift([0, 0], [3, 4]) is None
