"""What each cycle gained, with intervals over the seeds: Student's t on differences by seed.

Each seed is a shop of its own in which all policies met the same people, visits and random draws,
so a seed's difference is free of what makes a shop easy or hard (paired comparison under common
random numbers; Law, "Simulation Modeling and Analysis", 5th ed. 2015, 10.2 and 11.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import t

from shoplake.evaluate.closed_loop.policies import AGAIN, NEVER, PLAIN, POLICIES
from shoplake.evaluate.closed_loop.run import BEST, METRICS, Cycle, Plan
from shoplake.evaluate.intervals import Interval
from shoplake.ingest.shop.config import ShopConfig

MAIN = METRICS[0]
#: What is compared with what.
PAIRS = {
    "again - never again": (AGAIN, NEVER),
    "again - without feedback": (AGAIN, PLAIN),
}


def interval(values: Sequence[float], level: float = 0.95) -> Interval:
    """The mean over seeds and its t interval; one seed has no interval (its ends are NaN)."""
    at = np.asarray(values, dtype=float)
    mean = float(at.mean())
    if len(at) < 2:
        return Interval(mean, float("nan"), float("nan"))
    half = t.ppf(0.5 + level / 2, len(at) - 1) * at.std(ddof=1) / np.sqrt(len(at))
    return Interval(mean, float(mean - half), float(mean + half))


def gain(
    found: Sequence[Sequence[Cycle]], metric: str, pair: tuple[str, str]
) -> tuple[list[Interval], Interval]:
    """The difference of two policies in each cycle, and its mean over the cycles after the first.

    In the first cycle nobody has learned again yet: the policies are the same and so are the lists.

    Args:
        found: [seeds][cycles], of `run_seeds`.
    """
    gaps = np.array(
        [[cycle[metric][pair[0]] - cycle[metric][pair[1]] for cycle in seed] for seed in found]
    )
    later = gaps[:, 1:] if gaps.shape[1] > 1 else gaps
    return [interval(column) for column in gaps.T], interval(later.mean(axis=1))


def summary(
    found: Sequence[Sequence[Cycle]], config: ShopConfig, plan: Plan, seeds: Sequence[int]
) -> dict[str, Any]:
    """All figures, plain enough for JSON; an interval that one seed cannot have is null."""
    policies: dict[str, Any] = {}
    for metric in METRICS:
        policies[metric] = {
            policy: [
                _plain(interval([seed[c][metric][policy] for seed in found]))
                for c in range(plan.cycles)
            ]
            for policy in (*POLICIES, BEST)
            if policy in found[0][0][metric]
        }
    gains: dict[str, Any] = {}
    for metric in METRICS:
        gains[metric] = {}
        for name, pair in PAIRS.items():
            by_cycle, mean = gain(found, metric, pair)
            base = interval([
                float(np.mean([cycle[metric][pair[1]] for cycle in seed[1:] or seed]))
                for seed in found
            ]).value  # fmt: skip
            gains[metric][name] = {
                "by_cycle": [_plain(g) for g in by_cycle],
                "mean_after_first": _plain(mean),
                "relative": mean.value / base if base else None,
            }
    return {
        "task": "loop",
        "protocol": {
            "shop": f"built-in, {config.people:,} people, {config.products:,} products",
            "seeds": list(seeds),
            "cycles": f"{plan.cycles} of {plan.days} days, after {plan.before} days without lists",
            "model": f"{plan.family}, conf/models/{plan.family}.yml; all policies score the"
            " histories as they are by then",
            "shown": f"{config.slots} items in stock on each visit, in random order with"
            f" probability {config.exploration}",
            "interval": "95%, Student's t over seeds, of differences by seed; common random"
            " numbers",
        },
        "main_metric": MAIN,
        "policies": policies,
        "gains": gains,
    }


def _plain(at: Interval) -> dict[str, float | None]:
    return {
        name: None if np.isnan(value) else value
        for name, value in (("value", at.value), ("low", at.low), ("high", at.high))
    }
