"""Figures of examples that come in groups: people, or phrasings, are drawn, not examples.

A household has hundreds of coupons, so intervals over examples would be far too narrow (Cameron,
Gelbach & Miller, "Bootstrap-based improvements for inference with clustered errors", 2008).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.findings import Figure

Floats = NDArray[np.float64]
_BINS = 10


class Scored:
    """One model's probabilities of a fixed set of examples, ready to be weighed anew.

    Args:
        positive: [n] what happened.
        probability: [n] in (0, 1).
    """

    def __init__(self, positive: NDArray[np.bool_], probability: Floats) -> None:
        self._positive = positive.astype(float)
        values, place = np.unique(-probability, return_inverse=True)
        self._place, self._ties = place, len(values)
        said = np.clip(probability, 1e-12, 1 - 1e-12)
        self._loss = -np.where(positive, np.log(said), np.log1p(-said))
        self._probability = probability
        # Equal probabilities are of one bin, whatever the order they came in.
        many = np.bincount(place, minlength=self._ties)
        middle = (np.cumsum(many) - (many + 1) / 2)[place]
        self._bin = (middle * _BINS / len(probability)).astype(np.int64)

    def measures(self, weight: Floats | None = None) -> dict[str, float]:
        """auc, log_loss, lift@decile, ece (10 bins of equal size) and said/observed.

        Args:
            weight: [n] how often each example counts; None: once.
        """
        w = np.ones(len(self._positive)) if weight is None else weight
        yes = np.bincount(self._place, w * self._positive, self._ties)
        both = np.bincount(self._place, w, self._ties)
        no, total, found = both - yes, both.sum(), yes.sum()
        below = no.sum() - np.cumsum(no)
        auc = (yes * (below + no / 2)).sum() / max(found * no.sum(), 1e-12)
        seen = np.cumsum(both)
        share = np.clip((total / 10 - (seen - both)) / np.maximum(both, 1e-12), 0, 1)
        gap = np.bincount(self._bin, w * (self._probability - self._positive), _BINS)
        return {
            "auc": float(auc),
            "log_loss": float((w * self._loss).sum() / total),
            "lift@decile": float((share * yes).sum() / max(found / 10, 1e-12)),
            "ece": float(np.abs(gap).sum() / total),
            "said/observed": float((w * self._probability).sum() / max(found, 1e-12)),
        }


def clustered_figures(
    positive: NDArray[np.bool_],
    probabilities: Mapping[str, Floats],
    group: NDArray[np.int64],
    baselines: list[str],
    main: str = "auc",
    *,
    seed: int,
    resamples: int = 200,
) -> dict[str, dict[str, Figure]]:
    """Every model's measures with 95% intervals, and its lead over the baseline best by `main`.

    Args:
        positive: [n] what happened.
        probabilities: model -> [n].
        group: [n] whose example it is.
        baselines: models that are baselines.
        main: a measure of which more is better.
        seed: of the resamples of groups, which all models share.
    """
    measures = {name: Scored(positive, p).measures for name, p in probabilities.items()}
    return resampled(measures, group, baselines, main, seed=seed, resamples=resamples)


def resampled(
    measures: Mapping[str, Callable[[Floats], dict[str, float]]],
    group: NDArray[np.int64],
    baselines: list[str],
    main: str,
    *,
    seed: int,
    resamples: int = 500,
) -> dict[str, dict[str, Figure]]:
    """Figures with 95% intervals from measures of weighted rows, and leads over a baseline.

    Args:
        measures: model -> measures for row weights [n]; one that cannot be told is left out.
        group: [n] whose row it is; groups are drawn with replacement.
        baselines: models that are baselines; leads are over the best by `main`.
        main: a measure of which more is better.
        seed: of the draws, which all models share.
        resamples: how many.
    """
    _, group = np.unique(group, return_inverse=True)
    groups = int(group.max()) + 1
    random = np.random.default_rng(seed)
    once = np.ones(len(group))
    values = {model: measure(once) for model, measure in measures.items()}
    best = max(baselines, key=lambda model: values[model][main])
    drawn: dict[str, list[dict[str, float]]] = {model: [] for model in measures}
    for _ in range(resamples):
        weight = np.bincount(random.integers(groups, size=groups), minlength=groups)[group]
        for model, measure in measures.items():
            drawn[model].append(measure(weight.astype(float)))
    figures: dict[str, dict[str, Figure]] = {}
    for model, row in values.items():
        figures[model] = {}
        for name, value in row.items():
            sample = np.array([d.get(name, np.nan) for d in drawn[model]])
            low, high = np.nanquantile(sample, [0.025, 0.975])
            lead = None
            if model not in baselines and name in values[best]:
                gap = sample - np.array([d.get(name, np.nan) for d in drawn[best]])
                ends = np.nanquantile(gap, [0.025, 0.975])
                lead = (value - values[best][name], float(ends[0]), float(ends[1]))
            figures[model][name] = Figure(value, float(low), float(high), lead)
    return figures
