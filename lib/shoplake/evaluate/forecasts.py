"""How good a probabilistic forecast is: each measure a series, so that its mean is the measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.metrics import Values
from shoplake.models.demand.combine import pinball, rank_range
from shoplake.models.demand.settings import LEVELS, MEDIAN
from shoplake.models.demand.stock import mean_of


@dataclass(frozen=True)
class Judged:
    """One window of one model.

    Attributes:
        series: [n] series, indices below `size`.
        quantiles: [n, h, L] at LEVELS.
        actual: [n, h] what was sold.
        weight: [h] of each period in the weighted error (5 for holidays in Walmart's task).
        scale: [n] mean squared one-step change before the origin, for RMSSE.
        value: [n] turnover before the origin, for WRMSSE.
    """

    series: NDArray[np.int64]
    quantiles: NDArray[np.float32]
    actual: NDArray[np.float32]
    weight: NDArray[np.float64]
    scale: NDArray[np.float64]
    value: NDArray[np.float64]


def forecast_scores(windows: Sequence[Judged], size: int, *, weighted: bool) -> dict[str, Values]:
    """Measures of a model over all its windows, each [series that were judged].

    - quantile_loss: mean pinball loss over levels .05, .10, ... .95, in units.
    - wape: sum of absolute errors of the median over the sum of demand.
    - wrmsse: as in the M5 competition on one level, with the mean of the levels .01 to .99 as the
      point forecast (Makridakis et al., IJF 2022): RMSSE weighted by turnover.
    - holiday_wmae: absolute error weighted as in the Walmart competition (`weighted` only).
    - coverage@80, coverage@90: share inside [.10, .90] and [.05, .95]. An outcome of counted demand
      that has several levels at once counts by the share of them inside (Czado et al. 2009).
    - inside@80, inside@90: the same without that: a tie with an end counts as inside.
    """
    seen = np.zeros(size, np.int64)
    sums: dict[str, NDArray[np.float64]] = {}

    def add(name: str, series: NDArray[np.int64], amount: NDArray[np.float64]) -> None:
        np.add.at(sums.setdefault(name, np.zeros(size)), series, amount)

    for w in windows:
        np.add.at(seen, w.series, w.actual.shape[1])
        error = np.abs(w.actual - w.quantiles[..., MEDIAN])
        add("quantile_loss", w.series, pinball(w.quantiles, w.actual).sum(axis=1, dtype=float))
        add("error", w.series, error.sum(axis=1))
        add("demand", w.series, np.abs(w.actual).sum(axis=1))
        mean = mean_of(w.quantiles)
        rmsse = np.sqrt(((w.actual - mean) ** 2).mean(axis=1) / np.maximum(w.scale, 1e-9))
        share = w.value / max(w.value.sum(), 1e-9)
        add("wrmsse", w.series, share * np.where(w.scale > 0, rmsse, 0) / len(windows))
        if weighted:
            add("weighted_error", w.series, error @ w.weight)
            add("weights", w.series, np.full(len(w.series), w.weight.sum()))
        for name, inside in _inside(w).items():
            add(name, w.series, inside.sum(axis=1))

    judged = np.flatnonzero(seen)
    n, total = len(judged), seen.sum()
    scores = {
        "quantile_loss": sums["quantile_loss"][judged] * n / total,
        "wape": sums["error"][judged] * n / max(sums["demand"].sum(), 1e-9),
        "wrmsse": sums["wrmsse"][judged] * n,
    }
    if weighted:
        scores["holiday_wmae"] = sums["weighted_error"][judged] * n / sums["weights"].sum()
    for name in ("coverage@80", "coverage@90", "inside@80", "inside@90"):
        scores[name] = sums[name][judged] * n / total
    return scores


def _inside(w: Judged) -> dict[str, NDArray[np.float64]]:
    flat = w.quantiles.reshape(-1, len(LEVELS))
    low, high = rank_range(flat, w.actual.ravel())
    found = {}
    for name, tail in (("80", 0.1), ("90", 0.05)):
        within = np.minimum(high, 1 - tail) - np.maximum(low, tail)
        part = np.clip(within, 0, None) / np.maximum(high - low, 1e-12)
        exact = ((low >= tail) & (low <= 1 - tail)).astype(float)
        part = np.where(high - low < 1e-9, exact, part)
        found[f"coverage@{name}"] = part.reshape(w.actual.shape)
        first, last = (int(np.abs(LEVELS - level).argmin()) for level in (tail, 1 - tail))
        plain = (w.quantiles[..., first] <= w.actual) & (w.actual <= w.quantiles[..., last])
        found[f"inside@{name}"] = plain.astype(float)
    return found
