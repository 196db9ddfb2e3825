"""Metrics by segment of people."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shoplake.evaluate.segments import SMALLEST, PerPerson, by_segment
from shoplake.serve.histories import Histories

# 40 people with a history of up to 8 items: 12 came 5 days ago, 12 have two items, 16 have seven.
COUNT = np.array([3] * 12 + [2] * 12 + [7] * 16)
ITEMS = np.where(np.arange(8) < COUNT[:, None], 1, 0)
DAYS = np.where(ITEMS > 0, np.array([5] * 12 + [90] * 28)[:, None], 0)
KEYS = [f"p{i}" for i in range(40)]
NONE = pd.DataFrame({"person_key": [], "platform": [], "country": []})


def judged(values: np.ndarray, items: np.ndarray = ITEMS) -> PerPerson:
    histories = Histories(items, np.ones_like(items), DAYS[:, : items.shape[1]])
    return PerPerson(KEYS, histories, {("model", "new", "ndcg"): values}, 10)


def found(rows: pd.DataFrame) -> dict[str, tuple[float, int]]:
    names = rows["task"].str.replace("new | ", "", regex=False).str.split(r" \(").str[0]
    return {n: (r.value, r.people) for n, r in zip(names, rows.itertuples(), strict=True)}


def test_people_are_new_light_or_all_others() -> None:
    values = np.array([0.1] * 12 + [0.2] * 12 + [0.3] * 16)
    rows = found(by_segment(judged(values), "new", NONE))
    assert {name: people for name, (_, people) in rows.items()} == {
        "history: new": 12,
        "history: light": 12,
        "history: all others": 16,
    }
    np.testing.assert_allclose([value for value, _ in rows.values()], [0.1, 0.2, 0.3])


def test_a_full_history_says_nothing_of_when_it_began() -> None:
    cut = ITEMS[:, :3]
    rows = found(by_segment(judged(np.ones(40), cut), "new", NONE))
    assert "history: new" not in rows


def test_a_segment_of_few_people_with_a_true_item_is_left_out() -> None:
    values = np.ones(40)
    values[: 12 - SMALLEST + 1] = np.nan
    assert "history: new" not in found(by_segment(judged(values), "new", NONE))


def test_platform_and_country_are_told_where_people_differ() -> None:
    facts = pd.DataFrame(
        {"person_key": KEYS[:30], "platform": ["app"] * 10 + ["web"] * 20, "country": "UK"}
    )
    rows = found(by_segment(judged(np.ones(40)), "new", facts))
    named = {name: people for name, (_, people) in rows.items() if "history" not in name}
    assert named == {
        "platform: app": 10,
        "platform: web": 20,
        "platform: unknown": 10,
        "country: UK": 30,
        "country: unknown": 10,
    }
