"""Which forecasts are mixed, and how they are calibrated, both learnt on past windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.models.demand.panel import Floats, Ints
from shoplake.models.demand.settings import JUDGED, LEVELS

#: Syntetos, Boylan & Croston (2005), "On the categorization of demand patterns", JORS 56.
CLASSES = ("smooth", "intermittent", "erratic", "lumpy")
_PICKS = 12
#: What a window counts for in the weights, against the next newer one.
_FADING = 0.5
_LEAST_SERIES = 30


def demand_class(known: Floats) -> Ints:
    """Class of each series [S], by the mean interval between sales and their variation.

    Args:
        known: net demand [S, n], NaN before the first sale.
    """
    sold = np.where(known > 0, known, np.nan)
    count = (known > 0).sum(axis=1)
    interval = (~np.isnan(known)).sum(axis=1) / np.maximum(count, 1)
    total = np.nansum(sold, axis=1)
    mean = total / np.maximum(count, 1)
    square = np.nansum((sold - mean[:, None]) ** 2, axis=1) / np.maximum(count, 1)
    varied = square / np.maximum(mean, 1e-9) ** 2 > 0.49
    return (interval > 1.32).astype(np.int64) + 2 * varied.astype(np.int64)


def pinball(quantiles: Floats, actual: Floats) -> Floats:
    """Quantile loss [...] in units, mean over the judged levels .05 to .95.

    Args:
        quantiles: [..., L] at LEVELS.
        actual: [...] demand.
    """
    gap = actual[..., None] - quantiles[..., JUDGED]
    levels = LEVELS[JUDGED].astype(np.float32)
    return np.asarray(np.maximum(levels * gap, (levels - 1) * gap).mean(axis=-1), np.float32)


def rank_range(
    quantiles: Floats, actual: Floats
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Between which probabilities the outcome lies in its forecast: F(y-) and F(y), each [n].

    For counts an outcome is as likely as several levels together: those whose quantile it equals
    (Czado, Gneiting & Held, "Predictive model assessment for count data", Biometrics 2009).

    Args:
        quantiles: [n, L] at LEVELS, ascending.
        actual: [n].
    """
    below = (quantiles < actual[:, None]).sum(axis=1)
    upto = (quantiles <= actual[:, None]).sum(axis=1)
    # Where one count ends and the next begins is known to the step between two levels.
    border = np.concatenate([[0.0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1.0]])
    rows = np.arange(len(actual))
    left, right = np.maximum(below - 1, 0), np.minimum(below, len(LEVELS) - 1)
    width = np.maximum(quantiles[rows, right] - quantiles[rows, left], 1e-12)
    share = np.clip((actual - quantiles[rows, left]) / width, 0, 1)
    between = LEVELS[left] + share * (LEVELS[right] - LEVELS[left])
    tied, under, over = upto > below, below == 0, below == len(LEVELS)
    low = np.select([tied, under, over], [border[below], 0.0, LEVELS[-1]], between)
    high = np.select([tied, under, over], [border[upto], LEVELS[0], 1.0], between)
    return low, high


@dataclass(frozen=True)
class Mixture:
    """How candidates become one calibrated forecast, a class of demand by itself.

    Attributes:
        weights: class -> candidate -> weight; they sum to 1.
        levels: class -> [L] the level of the mixture that is said to be each of LEVELS.
    """

    weights: dict[int, dict[str, float]]
    levels: dict[int, NDArray[np.float64]]

    def apply(self, made: Mapping[str, Floats], classes: Ints, *, counts: bool) -> Floats:
        """Calibrated quantiles [S, h, L]; whole numbers where demand is counted."""
        first = next(iter(made.values()))
        found = np.zeros_like(first)
        for kind, weights in self.weights.items():
            rows = np.flatnonzero(classes == kind)
            if len(rows):
                mixed = _mix({n: made[n][rows] for n in weights}, weights)
                found[rows] = relevel(mixed, self.levels[kind])
        return np.round(found) if counts else found


@dataclass(frozen=True)
class Window:
    """A past window: candidates' quantiles [S, h, L], outcomes [S, h] and classes [S]."""

    made: dict[str, Floats]
    actual: Floats
    classes: Ints


def learn_mixture(windows: Sequence[Window], *, counts: bool, seed: int) -> Mixture:
    """Weights and calibration from past windows, newest first, a class with at least 30 series.

    Weights: greedy forward selection with repetition by quantile loss (Caruana et al., "Ensemble
    selection from libraries of models", ICML 2004); quantiles are averaged level by level. Each
    window's loss is taken in units of its best candidate's, so that a holiday's large errors do not
    decide alone, and an older window counts half of the next.
    Calibration: distributional conformal prediction (Chernozhukov, Wuthrich & Zhu, PNAS 2021): the
    ranks of the outcomes in their forecasts say which level is really exceeded how often. Ties of
    counts are broken at random.
    """
    weights, levels = {}, {}
    random = np.random.default_rng(seed)
    for kind in range(len(CLASSES)):
        chosen = [np.flatnonzero(w.classes == kind) for w in windows]
        if sum(map(len, chosen)) < _LEAST_SERIES:
            chosen = [np.arange(len(w.classes)) for w in windows]
        pairs = list(zip(windows, chosen, strict=True))
        actual = np.concatenate([w.actual[rows].ravel() for w, rows in pairs])
        made = {
            name: np.concatenate([w.made[name][rows].reshape(-1, len(LEVELS)) for w, rows in pairs])
            for name in windows[0].made
        }
        weights[kind] = select(made, actual, _window_weights(pairs))
        mixed = _mix(made, weights[kind])
        low, high = rank_range(np.round(mixed) if counts else mixed, actual)
        rank = np.sort(low + random.random(len(low)) * (high - low))
        at = np.clip(np.ceil((len(rank) + 1) * LEVELS).astype(int) - 1, 0, len(rank) - 1)
        levels[kind] = np.clip(rank[at], LEVELS[0], LEVELS[-1])
    return Mixture(weights, levels)


def _window_weights(pairs: Sequence[tuple[Window, Ints]]) -> Floats:
    """Weight of each outcome of these rows of each window, [n]."""
    found = []
    for age, (window, rows) in enumerate(pairs):
        actual = window.actual[rows]
        losses = [pinball(q[rows], actual).sum() for q in window.made.values()]
        least = max(float(min(losses)), 1e-9)
        found.append(np.full(actual.size, _FADING**age / least))
    return np.concatenate(found)


def select(
    made: Mapping[str, Floats], actual: Floats, weight: Floats | None = None
) -> dict[str, float]:
    """Weights that make the mixture's quantile loss on these outcomes, weighted [n], small."""
    picked: list[str] = []
    total = np.zeros_like(next(iter(made.values())))
    best: tuple[float, list[str]] = (np.inf, [])
    for _ in range(_PICKS):
        losses = {
            name: float(
                np.average(pinball((total + q) / (len(picked) + 1), actual), weights=weight)
            )
            for name, q in made.items()
        }
        name = min(losses, key=lambda n: losses[n])
        picked.append(name)
        total = total + made[name]
        if losses[name] < best[0]:
            best = (losses[name], list(picked))
    return {name: best[1].count(name) / len(best[1]) for name in dict.fromkeys(best[1])}


def relevel(quantiles: Floats, levels: NDArray[np.float64]) -> Floats:
    """The quantiles [..., L] at other levels [L], by straight lines."""
    right = np.clip(np.searchsorted(LEVELS, levels), 1, len(LEVELS) - 1)
    share = (levels - LEVELS[right - 1]) / (LEVELS[right] - LEVELS[right - 1])
    share = np.clip(share, 0, 1).astype(np.float32)
    return quantiles[..., right - 1] * (1 - share) + quantiles[..., right] * share


def _mix(made: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    return np.asarray(sum(w * made[name] for name, w in weights.items()), np.float32)
