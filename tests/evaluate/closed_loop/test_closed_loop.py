"""The closed loop: fair to its policies, repeatable, and better for learning again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from shoplake.commands import loop
from shoplake.evaluate.closed_loop.crowd import Crowd, Deed
from shoplake.evaluate.closed_loop.gains import gain, interval, summary
from shoplake.evaluate.closed_loop.picture import draw_loop
from shoplake.evaluate.closed_loop.policies import AGAIN, NEVER, PLAIN, interactions
from shoplake.evaluate.closed_loop.run import Cycle, Plan, run_seed
from shoplake.evaluate.metrics import EvaluationError
from shoplake.ingest.shop.config import ShopConfig, load_shop_config
from shoplake.models.recommenders import config as config_of_families

PLAN, SEEDS = Plan(cycles=3, days=14, before=21), (1, 2)


@pytest.fixture(scope="module")
def config() -> ShopConfig:
    return load_shop_config(people=150, products=120)


@pytest.fixture(scope="module")
def found(config: ShopConfig) -> list[list[Cycle]]:
    return [run_seed(config, PLAN, seed) for seed in SEEDS]


def test_the_first_cycle_is_the_same_for_all(found: list[list[Cycle]]) -> None:
    for seed in found:
        for values in seed[0].values():
            assert values[NEVER] == values[PLAIN] == values[AGAIN]


def test_learning_again_sells_more_than_never_again(found: list[list[Cycle]]) -> None:
    by_cycle, mean = gain(found, "expected_purchases", (AGAIN, NEVER))
    assert by_cycle[0].value == 0
    assert mean.value > 0.03


def test_no_list_sells_more_than_the_one_by_true_utility(found: list[list[Cycle]]) -> None:
    for cycle in (cycle for seed in found for cycle in seed):
        values = cycle["expected_purchases"]
        assert max(values[p] for p in (NEVER, PLAIN, AGAIN)) < values["by true utility"]


def test_a_seed_gives_the_same_figures_again(config: ShopConfig, found: list[list[Cycle]]) -> None:
    assert run_seed(config, PLAN, SEEDS[0]) == found[0]


def test_policies_with_equal_lists_meet_equal_reactions(config: ShopConfig) -> None:
    crowd = Crowd(config, 10, ("a", "b"))
    same = crowd.wanted(10)
    _, came = crowd.live(10, {"a": same, "b": same})
    assert came["a"].deeds == came["b"].deeds
    assert len(came["a"].deeds) > 50


def test_ordinary_visits_do_not_depend_on_what_is_shown(config: ShopConfig) -> None:
    served, alone = (Crowd(config, 10, ("a",)) for _ in range(2))
    with_lists, _ = served.live(10, {"a": served.wanted(10)})
    without, _ = alone.live(10, {})
    assert with_lists == without


def test_a_history_is_in_the_order_of_days() -> None:
    deeds = [Deed(3, 1, 7, True), Deed(1, 1, 5, False), Deed(2, 0, 6, False)]
    assert interactions(deeds, 3, 9).last(2).tolist() == [[6, -1], [7, 5], [-1, -1]]


def test_the_interval_is_students() -> None:
    at = interval([1.0, 2.0, 3.0])
    # t(0.975, 2) = 4.3027; the standard error is 1 / sqrt(3).
    assert (at.low, at.high) == pytest.approx((2 - 2.4841, 2 + 2.4841), abs=1e-3)


def test_one_seed_has_no_interval(config: ShopConfig, found: list[list[Cycle]]) -> None:
    said = summary(found[:1], config, PLAN, SEEDS[:1])
    mean = said["gains"]["expected_purchases"]["again - never again"]["mean_after_first"]
    assert mean["low"] is None
    assert np.isfinite(mean["value"])


def test_the_picture_is_drawn(config: ShopConfig, found: list[list[Cycle]], tmp_path: Path) -> None:
    draw_loop(summary(found, config, PLAN, SEEDS), tmp_path / "loop.png")
    assert (tmp_path / "loop.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_offers_families_that_exist() -> None:
    assert set(loop.FAMILIES) < set(config_of_families.FAMILIES)


def test_a_plan_without_cycles_is_refused() -> None:
    with pytest.raises(EvaluationError, match="cycles is 0"):
        Plan(cycles=0)
