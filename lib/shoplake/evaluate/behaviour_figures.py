"""Figures of chances and amounts, one example a person; leads are gains, so that + is better."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from shoplake.evaluate.clustered import Floats, clustered_figures
from shoplake.evaluate.findings import Figure
from shoplake.evaluate.intervals import bootstrap_mean, paired_difference

Figures = dict[str, dict[str, Figure]]


def chances(
    happened: Floats, said: Mapping[str, Floats], baselines: list[str], target: str, seed: int
) -> Figures:
    """`auc`, `log_loss` and `brier` of a target [P] by model."""
    of = clustered_figures(happened > 0, said, np.arange(len(happened)), baselines, seed=seed)
    errors = {name: (p - happened) ** 2 for name, p in said.items()}
    best = max(baselines, key=lambda name: of[name]["auc"].value)
    found: Figures = {}
    for name, row in of.items():
        loss = row["log_loss"]
        lead = loss.lead and (-loss.lead[0], -loss.lead[2], -loss.lead[1])
        found[name] = {
            f"auc {target}": row["auc"],
            f"log_loss {target}": Figure(loss.value, loss.low, loss.high, lead),
            f"brier {target}": _mean(errors, name, best, baselines, seed),
        }
    return found


def amounts(
    happened: Floats, said: Mapping[str, Floats], baselines: list[str], target: str, seed: int
) -> Figures:
    """`mae` of a target [P] by model."""
    errors = {name: np.abs(p - happened) for name, p in said.items()}
    best = min(baselines, key=lambda name: errors[name].mean())
    return {name: {f"mae {target}": _mean(errors, name, best, baselines, seed)} for name in errors}


def _mean(
    errors: Mapping[str, Floats], name: str, best: str, baselines: list[str], seed: int
) -> Figure:
    at = bootstrap_mean(errors[name], seed=seed)
    if name in baselines:
        return Figure(at.value, at.low, at.high)
    gap = paired_difference(errors[best], errors[name], seed=seed)
    return Figure(at.value, at.low, at.high, (gap.value, gap.low, gap.high))
