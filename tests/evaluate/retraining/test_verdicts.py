from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from shoplake.evaluate.intervals import Interval
from shoplake.evaluate.retraining.canary import Canary, canary
from shoplake.evaluate.retraining.offline import Challenge
from shoplake.evaluate.retraining.settings import CanarySettings, OfflineSettings
from shoplake.evaluate.retraining.verdicts import after_canary, after_offline

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
OFFLINE, CANARY = OfflineSettings(100), CanarySettings(0.1, 50, 14)
BETTER, WORSE, EVEN = Interval(0.2, 0.1, 0.3), Interval(-0.2, -0.3, -0.1), Interval(0.01, -0.1, 0.1)


def log(difference: Interval, effective: float = 500) -> Challenge:
    return Challenge(20, 200, effective, {"DR": (EVEN, EVEN, difference)})


@pytest.mark.parametrize(
    ("found", "share", "choice"),
    [
        (log(BETTER), 0.1, "canary"),
        (log(EVEN), 0.1, "canary"),
        (log(EVEN), 0.0, "promote"),
        (log(WORSE), 0.1, "keep"),
        (log(WORSE, effective=10), 0.1, "canary"),
        (dataclasses.replace(log(WORSE), explored=False), 0.1, "canary"),
        (None, 0.1, "canary"),
    ],
)
def test_only_a_version_that_the_log_shows_to_be_worse_is_kept_from_people(
    found: Challenge | None, share: float, choice: str
) -> None:
    decision = after_offline(found, OFFLINE, share, None)
    assert decision.choice == choice
    assert decision.share == (share if choice == "canary" else None)


def test_the_other_estimates_are_told_beside_the_one_that_decides() -> None:
    found = Challenge(20, 200, 500, {"IPS": (EVEN, EVEN, WORSE), "DR": (EVEN, EVEN, BETTER)})
    reason = after_offline(found, OFFLINE, 0.1, None).reason
    assert "reward +0.2000 [+0.1000, +0.3000] (doubly robust, an impression), IPS -0.2000" in reason


def test_a_champion_that_must_go_goes_at_once() -> None:
    decision = after_offline(log(WORSE), OFFLINE, 0.1, "people were erased")
    assert (decision.choice, "erased" in decision.reason) == ("promote", True)


@pytest.mark.parametrize(
    ("lists", "difference", "age", "choice"),
    [
        ((10, 400), BETTER, 3, "wait"),
        ((100, 400), BETTER, 3, "promote"),
        ((100, 400), WORSE, 3, "rollback"),
        ((100, 400), EVEN, 3, "wait"),
        ((100, 400), EVEN, 14, "promote"),
        ((100, 400), Interval(-0.01, -0.1, 0.1), 14, "rollback"),
        ((10, 400), EVEN, 14, "rollback"),
        ((1, 400), BETTER, 14, "rollback"),
        ((0, 400), None, 3, "wait"),
        ((0, 400), None, 14, "rollback"),
    ],
)
def test_a_canary_ends_when_it_is_clear_or_time_is_up(
    lists: tuple[int, int], difference: Interval | None, age: int, choice: str
) -> None:
    found = Canary(lists, difference, difference, difference)
    assert after_canary(found, CANARY, BEGAN, BEGAN + timedelta(days=age)).choice == choice


def test_what_two_versions_earned_is_counted_by_list_and_resampled_by_person() -> None:
    rows = [("2", f"p{n}", f"r{n}", 0.5) for n in range(40)]
    rows += [("2", f"p{n}", f"r{n}", 0.5) for n in range(40)]  # two products of the same list
    rows += [("1", f"q{n}", f"s{n}", float(n % 2)) for n in range(60)]
    shown = pd.DataFrame(rows, columns=["model_version", "person_key", "request_id", "reward"])
    found = canary(shown, "2", "1", seed=0)
    assert found.lists == (40, 60)
    assert found.new == Interval(1.0, 1.0, 1.0)
    assert found.old is not None
    assert found.old.value == 0.5
    assert found.difference is not None
    assert 0.3 < found.difference.low < 0.5 < found.difference.high


def test_a_version_that_was_never_shown_has_nothing_to_show() -> None:
    shown = pd.DataFrame(
        [("1", "q", "s", 1.0)], columns=["model_version", "person_key", "request_id", "reward"]
    )
    assert canary(shown, "2", "1", seed=0) == Canary((0, 1))
