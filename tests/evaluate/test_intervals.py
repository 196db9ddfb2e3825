from __future__ import annotations

import numpy as np
import pytest

from shoplake.evaluate.findings import compared
from shoplake.evaluate.intervals import bootstrap_mean, paired_difference
from shoplake.evaluate.metrics import EvaluationError, Values


def test_same_seed_same_interval() -> None:
    values = np.random.default_rng(1).random(50)
    assert bootstrap_mean(values, seed=7) == bootstrap_mean(values, seed=7)
    assert bootstrap_mean(values, seed=7) != bootstrap_mean(values, seed=8)


def test_close_to_the_normal_interval_for_many_people() -> None:
    values = np.random.default_rng(2).normal(3, 2, 2_000)
    interval = bootstrap_mean(values, seed=0)
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.02)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.02)


def test_pairing_shows_a_small_steady_lead() -> None:
    random = np.random.default_rng(3)
    hardness = random.random(100)
    ahead = hardness + 0.02 + random.normal(0, 0.01, 100)
    assert paired_difference(ahead, hardness, seed=0).low > 0
    assert bootstrap_mean(ahead, seed=0).low < hardness.mean()


@pytest.mark.parametrize("values", [[], [1.0, np.nan]])
def test_nothing_to_average_is_refused(values: list[float]) -> None:
    with pytest.raises(EvaluationError, match="at least one person"):
        bootstrap_mean(np.array(values), seed=0)


def test_different_people_cannot_be_paired() -> None:
    with pytest.raises(EvaluationError, match="cannot pair 3 values with 2"):
        paired_difference(np.ones(3), np.ones(2), seed=0)


def test_values_of_a_group_are_drawn_together() -> None:
    values = np.random.default_rng(5).random(300)
    alone = bootstrap_mean(values, seed=0)
    copied = bootstrap_mean(np.repeat(values, 4), seed=0, group=np.repeat(np.arange(300), 4))
    assert (copied.low, copied.high) == pytest.approx((alone.low, alone.high))
    narrow = bootstrap_mean(np.repeat(values, 4), seed=0)
    assert narrow.high - narrow.low < 0.6 * (alone.high - alone.low)


def test_a_larger_group_weighs_more() -> None:
    values, group = np.array([1.0, 1.0, 1.0, 0.0]), np.array([7, 7, 7, 2])
    found = bootstrap_mean(values, seed=0, group=group)
    assert found.value == 0.75
    assert (found.low, found.high) == (0, 1)


def test_figures_and_leads_are_over_groups() -> None:
    draw = np.random.default_rng(6)
    first, second = draw.random(200), draw.random(200)
    twice = {name: {"recall": np.repeat(v, 3)} for name, v in (("a", first), ("b", second))}
    twice["a"]["light"] = np.where(np.arange(600) < 300, twice["a"]["recall"], np.nan)
    once = {name: {"recall": v} for name, v in (("a", first), ("b", second))}
    found = compared(twice, ["b"], "recall", group=np.repeat(np.arange(200), 3))
    single = compared(once, ["b"], "recall")
    assert found["a"]["recall"].lead == pytest.approx(single["a"]["recall"].lead)
    assert found["a"]["light"].low is not None


def test_each_ranking_metric_has_its_own_strongest_baseline() -> None:
    def row(every: float, new: float) -> dict[str, Values]:
        return {"recall@10": np.full(20, every), "recall@10 new": np.full(20, new)}

    values = {"repeats": row(0.5, 0.0), "neighbours": row(0.2, 0.4), "model": row(0.6, 0.3)}
    found = compared(values, ["repeats", "neighbours"], "recall@10")["model"]
    assert {m: (f.over, round(f.lead[0], 6)) for m, f in found.items() if f.lead} == {
        "recall@10": ("repeats", 0.1),
        "recall@10 new": ("neighbours", -0.1),
    }
