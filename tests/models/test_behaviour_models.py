"""What people do next is learned from what was known at the cut."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.behaviour import clear_of, judge
from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.behaviour.features import DAY, features, spent
from shoplake.models.behaviour.learners import MODELS, learn
from shoplake.models.behaviour.settings import load_behaviour

pytestmark = pytest.mark.slow

DAY_0 = pd.Timestamp("2026-01-01")


def lines(*rows: tuple[str, float, float, float | None]) -> pd.DataFrame:
    """person, day, money and the day of the cancellation (None: kept)."""
    return pd.DataFrame(
        {
            "person": [r[0] for r in rows],
            "item": "mug",
            "at": [DAY_0 + r[1] * DAY for r in rows],
            "quantity": 1.0,
            "price": [r[2] for r in rows],
            "undone_at": pd.to_datetime(
                [None if r[3] is None else DAY_0 + r[3] * DAY for r in rows]
            ),
        }
    )


def test_features_count_days_orders_and_money_before_the_cut() -> None:
    found = features(lines(("ann", 0, 5, None), ("ann", 10, 7, None)), DAY_0 + 20 * DAY)
    ann = found.loc["ann"]
    assert (ann["recency_days"], ann["tenure_days"], ann["orders"]) == (10, 20, 2)
    assert (ann["mean_gap"], ann["due"], ann["orders_14"]) == (10, 1, 1)
    assert np.expm1(ann["spend"]) == pytest.approx(12)
    assert np.expm1(ann["spend_14"]) == pytest.approx(7)


def test_nothing_at_or_after_the_cut_changes_a_feature() -> None:
    cut = DAY_0 + 20 * DAY
    before = [("ann", 1, 5, None), ("bob", 3, 2, None)]
    later = [("ann", 20, 9, None), ("cem", 25, 9, None)]
    kept = features(lines(*before), cut)
    pd.testing.assert_frame_equal(features(lines(*before, *later), cut), kept)
    undone_later = [("ann", 1, 5, 30.0), ("bob", 3, 2, None)]
    pd.testing.assert_frame_equal(features(lines(*undone_later), cut), kept)


def test_what_was_taken_back_before_the_cut_is_no_purchase() -> None:
    found = features(lines(("ann", 1, 5, None), ("ann", 2, 5, 3.0)), DAY_0 + 5 * DAY)
    assert found.loc["ann", "orders"] == 1


def test_labels_are_of_the_days_from_the_cut() -> None:
    said = lines(("ann", 10, 5, None), ("bob", 19, 7, None), ("cem", 20, 9, None))
    bought, money = spent(said, pd.Index(["ann", "bob", "cem"]), DAY_0 + 10 * DAY, 10)
    assert bought.tolist() == [True, True, False]
    assert money.tolist() == [5, 7, 0]


@pytest.mark.parametrize("model", MODELS)
def test_each_family_learns_a_chance_and_an_amount(model: str) -> None:
    random = np.random.default_rng(0)
    x = random.uniform(0, 10, (3000, 3))
    config = load_behaviour()
    buys = (x[:, 0] > 5).astype(float)
    chance = learn(model, x, buys, "chance", config, 0, 20)(x)
    assert chance[buys == 1].mean() > chance[buys == 0].mean() + 0.4
    money = np.where(x[:, 0] > 5, 20.0, 0.0)
    amount = learn(model, x, money, "amount", config, 0, 20)(x)
    assert np.abs(amount - money).mean() < 0.5 * np.abs(np.median(money) - money).mean()


def shop(people: int, days: int) -> pd.DataFrame:
    """Half of the people buy every six days or so; the others stop after their first weeks."""
    random = np.random.default_rng(3)
    rows: list[tuple[str, float, float, float | None]] = []
    for person in range(people):
        begins = int(random.integers(0, days // 2))
        ends = days if person % 2 else begins + 20
        at = float(begins)
        while at < ends:
            rows.append((f"p{person}", at, 4.0 + person % 3, None))
            at += float(random.integers(3, 12))
    return lines(*rows)


def test_models_beat_simple_rules_where_recency_alone_tells_little() -> None:
    found = judge(shop(160, 200), None, load_behaviour(), 0)
    assert found.champion in MODELS or found.notes
    main = {name: row[found.main].value for name, row in found.figures.items()}
    assert main["same for all"] == 0.5
    assert max(main[m] for m in MODELS) > 0.85
    assert set(found.figures["boosted trees"]) >= {"brier lapse 30", "mae spend 30"}


def test_a_lead_is_a_gain_also_where_less_is_better() -> None:
    row = judge(shop(160, 200), None, load_behaviour(), 0).figures["boosted trees"]
    lead = row["mae spend 30"].lead
    assert lead is not None
    assert lead[1] <= lead[0] <= lead[2]
    assert lead[0] > 0


def test_too_short_a_period_is_refused_with_what_to_give() -> None:
    with pytest.raises(EvaluationError, match="people and"):
        judge(shop(60, 40), None, dataclasses.replace(load_behaviour(), cuts=1), 0)


def test_a_later_folder_is_judged_on_the_history_of_another_with_a_gap_between() -> None:
    whole = shop(160, 220)
    early, late = whole[whole["at"] < DAY_0 + 150 * DAY], whole[whole["at"] >= DAY_0 + 190 * DAY]
    found = judge(late, early, load_behaviour(), 0)
    assert found.protocol["calibrated and chosen on"].startswith("2026-05-01")
    assert found.figures["boosted trees"][found.main].value > 0.8


@pytest.mark.parametrize(
    ("moment", "again", "expected"),
    [(10, 60, 10), (20, 60, 10), (59, 60, 10), (60, 60, 60), (20, 40, 20)],
    ids=["ends before", "reaches in", "begins within", "begins after", "no such days"],
)
def test_labels_hold_no_day_that_neither_folder_tells_of(
    moment: int, again: int, expected: int
) -> None:
    found = clear_of(DAY_0 + moment * DAY, 30, DAY_0 + 40 * DAY, DAY_0 + again * DAY)
    assert found == DAY_0 + expected * DAY
