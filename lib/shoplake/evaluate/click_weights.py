"""Weights of a sum learnt from clicks, with what a position gets anyway taken out.

A click says more the less likely its position was looked at: a list's softmax loss counts a click
by one over that likelihood (Joachims, Swaminathan & Schnabel, "Unbiased learning-to-rank with
biased feedback", WSDM 2017). How likely positions are looked at comes from products that stood at
neighbouring positions for the same query (adjacent chain: Agarwal et al., "Estimating position
bias without intrusive interventions", WSDM 2019).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize

from shoplake.serve.search import WEIGHTS

Floats = NDArray[np.float64]
#: Least likelihood that a position is looked at: bounds what one click can count.
LEAST_SEEN = 0.1
#: Pull towards the fixed weights, beside the mean loss of a click.
_RIDGE = 0.01


def looked_at(shown: pd.DataFrame) -> dict[int, float]:
    """How likely each position is looked at, the first 1, falling.

    Args:
        shown: query, product, position (from 1), clicked (0 or 1).
    """
    counts = shown.groupby(["query", "product", "position"])["clicked"].agg(["sum", "count"])
    table = counts.unstack("position", fill_value=0)
    found, last = {1: 1.0}, 1.0
    for position in range(1, int(shown["position"].max())):
        clicks = [
            table["sum"].get(p, pd.Series(0.0, table.index)) for p in (position, position + 1)
        ]
        times = [table["count"].get(p, pd.Series(0, table.index)) for p in (position, position + 1)]
        both = (times[0] > 0) & (times[1] > 0)
        weight = np.minimum(times[0], times[1])[both]
        here, there = (
            float((weight * c[both] / t[both]).sum()) + 1
            for c, t in zip(clicks, times, strict=True)
        )
        last = float(np.clip(last * there / here, LEAST_SEEN, last))
        found[position + 1] = last
    return found


@dataclass(frozen=True)
class Clicks:
    """Lists with a click, ready to be learnt from.

    Attributes:
        parts: of each list's products, the clicked one first [clicks, products, parts].
        there: which of them are products at all [clicks, products].
        counts: how much each click counts [clicks].
    """

    parts: Floats
    there: NDArray[np.bool_]
    counts: Floats


def fit_weights(clicks: Clicks, without: Collection[str] = ()) -> dict[str, float]:
    """Weights, none below 0, by the softmax loss of lists, adding up to what the fixed ones do.

    Args:
        clicks: to learn from.
        without: parts that keep the weight 0.
    """
    start = np.array(list(WEIGHTS.values()))
    most = [0.0 if name in without else None for name in WEIGHTS]
    share = clicks.counts / clicks.counts.sum()

    def loss(weights: Floats, towards: Floats, ridge: float) -> tuple[float, Floats]:
        scores = np.where(clicks.there, clicks.parts @ weights, -np.inf)
        scores -= scores.max(1, keepdims=True)
        odds = np.exp(scores)
        odds /= odds.sum(1, keepdims=True)
        apart = weights - towards
        mean = -(share * np.log(np.maximum(odds[:, 0], 1e-12))).sum() + ridge * apart @ apart
        expected = np.einsum("cpk,cp->ck", clicks.parts, odds)
        return float(mean), -(share @ (clicks.parts[:, 0] - expected)) + 2 * ridge * apart

    def scaled(times: Floats) -> tuple[float, Floats]:
        mean, slope = loss(times[0] * start, start, 0.0)
        return mean, np.array([slope @ start])

    # First how sharp the fixed weights are at their best; the pull is towards that.
    sharp = minimize(scaled, [3.0], jac=True, bounds=[(0.1, 100.0)]).x[0] * start
    found = minimize(
        loss, sharp, (sharp, _RIDGE), jac=True, bounds=[(0.0, high) for high in most]
    ).x
    found *= start.sum() / max(found.sum(), 1e-9)
    return dict(zip(WEIGHTS, (float(value) for value in found), strict=True))
