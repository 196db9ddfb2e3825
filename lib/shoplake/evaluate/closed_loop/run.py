"""The closed loop, cycle by cycle and seed by seed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import numpy as np

from shoplake.evaluate.closed_loop.crowd import Crowd, Deed, Ints, Shown
from shoplake.evaluate.closed_loop.policies import (
    AGAIN,
    NEVER,
    PLAIN,
    POLICIES,
    interactions,
    learn,
    lists,
)
from shoplake.evaluate.metrics import EvaluationError
from shoplake.ingest.shop.config import ShopConfig
from shoplake.models.recommenders.config import load_family
from shoplake.models.recommenders.interactions import Recommender

METRICS = ("expected_purchases", "purchases", "clicks", "recall")
"""Per list shown, by the true choice model and as it happened; and the share of a person's truly
best items in stock that are in their list, as the cycle begins."""
BEST = "by true utility"


@dataclass(frozen=True)
class Plan:
    """What is run.

    Attributes:
        cycles: how often lists are made; between two the policies may learn.
        days: of a cycle.
        before: days of ordinary visits before the first cycle.
        family: the model's, of `shoplake.models.recommenders`; settings in conf/models.
    """

    cycles: int = 5
    days: int = 14
    before: int = 28
    family: str = "ease"

    def __post_init__(self) -> None:
        for name in ("cycles", "days", "before"):
            if getattr(self, name) < 1:
                raise EvaluationError(
                    f"{name} is {getattr(self, name)}", remedy="give a whole number of 1 or more"
                )


#: metric -> policy -> value; one for each cycle of a seed.
Cycle = dict[str, dict[str, float]]


def run_seeds(config: ShopConfig, plan: Plan, seeds: Sequence[int]) -> list[list[Cycle]]:
    """The loop once for each seed of the shop: [seeds][cycles].

    Seeds are dealt over the processors; what comes out does not depend on how many there are.
    """
    processes = min(len(seeds), os.cpu_count() or 1)
    if processes == 1:
        return [run_seed(config, plan, seed) for seed in seeds]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(run_seed, [config] * len(seeds), [plan] * len(seeds), seeds))


def run_seed(config: ShopConfig, plan: Plan, seed: int) -> list[Cycle]:
    """All cycles of one shop: its people, products, visits and reactions are those of `seed`."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return _cycles(replace(config, seed=seed), plan)


def _cycles(config: ShopConfig, plan: Plan) -> list[Cycle]:
    family = load_family(plan.family)
    crowd = Crowd(config, plan.before + plan.cycles * plan.days + 1, POLICIES)
    size, titles = (config.people, config.products), crowd.catalogue.titles
    ordinary, _ = crowd.live(plan.before, {})
    feedback: dict[str, list[Deed]] = {policy: [] for policy in POLICIES}
    first = learn(family, interactions(ordinary, *size), titles)
    found = []
    for cycle in range(plan.cycles):
        available, wanted = crowd.market.available[crowd.day], crowd.wanted(config.slots)
        shown: dict[str, Ints] = {}
        for policy in POLICIES:
            known = interactions([*ordinary, *feedback[policy]], *size)
            model: Recommender = first
            if cycle and policy == PLAIN:
                model = learn(family, interactions(ordinary, *size), titles)
            elif cycle and policy == AGAIN:
                model = learn(family, known, titles)
            shown[policy] = lists(model, known, available, config.slots)
        deeds, came = crowd.live(plan.days, shown)
        ordinary += deeds
        for policy in POLICIES:
            feedback[policy] += came[policy].deeds
        found.append(_measured(came, shown, wanted))
    return found


def _measured(came: dict[str, Shown], shown: dict[str, Ints], wanted: Ints) -> Cycle:
    values: Cycle = {metric: {} for metric in METRICS}
    for policy, result in came.items():
        times = max(1, int(result.shown.sum()))
        values["expected_purchases"][policy] = float(result.expected.sum()) / times
        values["purchases"][policy] = float(result.purchases.sum()) / times
        values["clicks"][policy] = float(result.clicks.sum()) / times
        hits = (shown[policy][:, :, None] == wanted[:, None, :]).any(axis=2)
        values["recall"][policy] = float(np.mean(hits.sum(axis=1) / wanted.shape[1]))
    never = came[NEVER]
    values["expected_purchases"][BEST] = float(never.best.sum()) / max(1, int(never.shown.sum()))
    return values
