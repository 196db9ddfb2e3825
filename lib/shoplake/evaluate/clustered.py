"""Measures of probabilities whose examples come in groups: people are drawn, not examples.

A household has hundreds of coupons, so intervals over examples would be far too narrow (Cameron,
Gelbach & Miller, "Bootstrap-based improvements for inference with clustered errors", 2008).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.findings import Figure

Floats = NDArray[np.float64]
MEASURES = ("auc", "log_loss", "lift@decile", "ece", "said/observed")
_BINS = 10


class Scored:
    """One model's probabilities of a fixed set of examples, ready to be weighed anew.

    Args:
        positive: [n] what happened.
        probability: [n] in (0, 1).
        group: [n] whose example it is, from 0.
    """

    def __init__(
        self, positive: NDArray[np.bool_], probability: Floats, group: NDArray[np.int64]
    ) -> None:
        self._positive, self._group = positive.astype(float), group
        values, place = np.unique(-probability, return_inverse=True)
        self._place, self._ties = place, len(values)
        said = np.clip(probability, 1e-12, 1 - 1e-12)
        self._loss = -np.where(positive, np.log(said), np.log1p(-said))
        self._probability = probability
        ranks = np.argsort(np.argsort(probability, kind="stable"), kind="stable")
        self._bin = ranks * _BINS // len(probability)

    def measures(self, weight: Floats | None = None) -> dict[str, float]:
        """auc, log_loss, lift@decile, ece (10 bins of equal size) and said/observed.

        Args:
            weight: [groups] how often each group was drawn; None: once.
        """
        w = np.ones(len(self._group)) if weight is None else weight[self._group]
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
    _, group = np.unique(group, return_inverse=True)
    groups = int(group.max()) + 1
    scored = {name: Scored(positive, p, group) for name, p in probabilities.items()}
    values = {name: s.measures() for name, s in scored.items()}
    best = max(baselines, key=lambda name: values[name][main])
    random = np.random.default_rng(seed)
    drawn: dict[str, list[list[float]]] = {name: [] for name in scored}
    for _ in range(resamples):
        weight = np.bincount(random.integers(groups, size=groups), minlength=groups).astype(float)
        for name, s in scored.items():
            drawn[name].append(list(s.measures(weight).values()))
    figures: dict[str, dict[str, Figure]] = {}
    for name, row in values.items():
        figures[name] = {}
        for i, measure in enumerate(MEASURES):
            sample = np.array(drawn[name])[:, i]
            low, high = np.quantile(sample, [0.025, 0.975])
            lead = None
            if name not in baselines:
                gap = sample - np.array(drawn[best])[:, i]
                ends = np.quantile(gap, [0.025, 0.975])
                lead = (row[measure] - values[best][measure], float(ends[0]), float(ends[1]))
            figures[name][measure] = Figure(row[measure], float(low), float(high), lead)
    return figures
