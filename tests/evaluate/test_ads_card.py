"""The card of the models behind the ads: figures beside the baseline, and of groups of people."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.ads_card import card_rows
from shoplake.models.ads.calibrate import Calibration
from shoplake.models.ads.impressions import SAME, Judged, Response

PEOPLE, EACH = 120, 30
Figures = dict[tuple[str, str, str], tuple[float, int]]


def figures(countries: list[str], *, unfair_to: str = "") -> Figures:
    """Of a model that knows everybody's rate, but says half of it of one country."""
    draw = np.random.default_rng(0)
    person = np.repeat(np.arange(PEOPLE), EACH)
    rate = np.where(person % 2 == 0, 0.4, 0.1)
    facts = pd.DataFrame({"country": countries, "platform": ["web"] * PEOPLE})
    known = np.where(facts["country"].to_numpy()[person] == unfair_to, rate / 2, rate)
    said = {SAME: np.full(len(person), 0.25), "logistic": known, "boosted_trees": rate * 0 + 0.3}
    judged = Judged(person, draw.random(len(person)) < rate, said)
    response = Response("logistic", None, Calibration("platt", None), {}, judged)  # type: ignore[arg-type]
    rows = list(card_rows({"clicked": response}, facts, datetime(2026, 3, 30)))
    assert {(r[0], r[1]) for r in rows} == {("ads", "20260330")}
    assert all(low <= high for *_, low, high, _, _ in rows)
    return {(r[2], r[3], r[4]): (r[5], r[8]) for r in rows}


def test_a_model_is_shown_beside_the_baseline_and_the_others() -> None:
    found = figures(["GB"] * PEOPLE)
    assert found["clicked", "auc", SAME] == (0.5, PEOPLE)
    assert found["clicked", "log-loss saved", SAME][0] == 0
    assert found["clicked", "auc", "ads"][0] > 0.6
    assert found["clicked", "log-loss saved", "ads"][0] > found["clicked", "log-loss saved", "boosted_trees"][0]  # fmt: skip
    # Where all are of one group, there is nothing to tell apart.
    assert not any("|" in task for task, _, _ in found)


def test_a_group_of_which_too_little_is_said_shows() -> None:
    found = figures(["GB", "GB", "DE", "DE"] * (PEOPLE // 4), unfair_to="DE")
    assert found["clicked | country: GB", "said/observed", "ads"][0] == pytest.approx(1, abs=0.1)
    assert found["clicked | country: DE", "said/observed", "ads"][0] == pytest.approx(0.5, abs=0.1)
    assert found["clicked | country: DE", "auc", "ads"][1] == PEOPLE // 2


def test_a_group_that_would_point_at_persons_is_left_out() -> None:
    found = figures(["GB"] * (PEOPLE - 9) + ["FR"] * 9)
    assert not any("FR" in task for task, _, _ in found)
