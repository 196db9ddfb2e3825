"""From a forecast to stock: demand until the next delivery, when to order and how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from shoplake.models.demand.combine import Mixture, Window, rank_range
from shoplake.models.demand.panel import Floats, Ints
from shoplake.models.demand.settings import LEVELS

Numbers = NDArray[np.float64]


def mean_of(quantiles: Floats) -> Numbers:
    """The mean [...] that goes with quantiles [..., L], each level standing for its part."""
    edges = np.concatenate([[0], (LEVELS[1:] + LEVELS[:-1]) / 2, [1]])
    return np.asarray(quantiles @ np.diff(edges), np.float64)


def persistence(mixture: Mixture, windows: Sequence[Window], *, counts: bool, seed: int) -> float:
    """How alike the surprises of one item's periods are: mean correlation of normal scores.

    An item that sells more than foreseen today tends to do so tomorrow, so that the demand of a
    week is more uncertain than seven independent days would be.
    """
    random = np.random.default_rng(seed)
    pairs, total = 0, 0.0
    for w in windows:
        made = mixture.apply(w.made, w.classes, counts=counts)
        low, high = rank_range(made.reshape(-1, len(LEVELS)), w.actual.ravel())
        rank = low + random.random(len(low)) * (high - low)
        score = ndtri(np.clip(rank, 0.005, 0.995)).reshape(w.actual.shape)
        n = score.shape[1]
        total += float((score.sum(axis=1) ** 2 - (score**2).sum(axis=1)).sum())
        pairs += len(score) * n * (n - 1)
    return float(np.clip(total / max(pairs, 1), 0, 0.9))


def demand_paths(quantiles: Floats, paths: int, persistence: float, seed: int) -> Floats:
    """Possible courses of demand [n, paths, h]: quantiles [n, h, L] under a Gaussian copula."""
    random = np.random.default_rng(seed)
    n, h, _ = quantiles.shape
    shared = random.standard_normal((1, paths, 1))
    own = random.standard_normal((1, paths, h))
    rank = ndtr(np.sqrt(persistence) * shared + np.sqrt(1 - persistence) * own)[0]
    right = np.clip(np.searchsorted(LEVELS, rank), 1, len(LEVELS) - 1)
    share = np.clip((rank - LEVELS[right - 1]) / (LEVELS[right] - LEVELS[right - 1]), 0, 1)
    found = np.empty((n, paths, h), np.float32)
    for step in range(h):
        below, above = right[:, step] - 1, right[:, step]
        part = share[:, step].astype(np.float32)
        found[:, :, step] = (
            quantiles[:, step, below] * (1 - part) + quantiles[:, step, above] * part
        )
    return found


def demand_until(paths: Floats, periods: Ints) -> Floats:
    """Demand of the first `periods[i]` periods of each path [n, paths]; paths repeat if short."""
    h = paths.shape[2]
    total = np.concatenate([np.zeros_like(paths[:, :, :1]), np.cumsum(paths, axis=2)], axis=2)
    whole, rest = np.divmod(periods, h)
    rows = np.arange(len(paths))
    return total[rows, :, rest] + whole[:, None] * total[:, :, h]


@dataclass(frozen=True)
class Reorder:
    """When to order and how much.

    Attributes:
        point: [n] order when stock and what is under way are at or below this.
        quantity: [n] the economic order quantity.
        expected: [n] mean demand until a delivery ordered at the next review arrives.
    """

    point: Numbers
    quantity: Numbers
    expected: Numbers


def reorder_plan(
    paths: Floats,
    cover: Ints,
    price: Numbers,
    *,
    service_level: float,
    order_cost: float,
    holding_rate: float,
    periods_a_year: float,
    most_periods: float,
) -> Reorder:
    """The (s, Q) policy of an item from its demand paths.

    The point is the `service_level` quantile of demand over lead time and review; the quantity is
    Harris's (1913) economic order quantity, at least a review period's demand and one unit, and not
    more than is sold in `most_periods`: of what costs next to nothing it would be many years'.

    Args:
        paths: [n, paths, h] of `demand_paths`.
        cover: [n] periods of lead time and review.
        price: [n] of a unit.
        most_periods: for which one order is to last at most.
    """
    until = demand_until(paths, cover)
    rate = paths.mean(axis=(1, 2), dtype=float)
    holding = np.maximum(holding_rate * np.nan_to_num(price), 1e-2)
    economic = np.sqrt(2 * rate * periods_a_year * order_cost / holding)
    economic = np.minimum(economic, rate * most_periods)
    return Reorder(
        np.ceil(np.quantile(until, service_level, axis=1)),
        np.ceil(np.maximum(np.maximum(economic, rate), 1)),
        until.mean(axis=1, dtype=float),
    )


def simulate(
    demand: Numbers, point: Numbers, quantity: Numbers, lead: int, start: Numbers
) -> tuple[Numbers, Numbers]:
    """Run an (s, Q) policy over known demand: units lost and stock at the end of each period.

    A period: deliveries arrive, demand is met from stock, what cannot be met is lost, and if stock
    and orders under way are at or below the point, as many whole quantities are ordered as bring
    them above it; they arrive `lead` periods later.

    Args:
        demand: [n, T].
        point, quantity: [n, T] in force in each period.
        lead: periods from order to delivery, at least 1.
        start: [n] stock at the beginning.

    Returns:
        lost and stock, both [n, T].
    """
    n, periods = demand.shape
    stock = start.astype(float).copy()
    due = np.zeros((n, periods + lead + 1))
    lost, held = np.zeros((n, periods)), np.zeros((n, periods))
    under_way = np.zeros(n)
    for t in range(periods):
        stock += due[:, t]
        under_way -= due[:, t]
        met = np.minimum(stock, demand[:, t])
        lost[:, t] = demand[:, t] - met
        stock -= met
        held[:, t] = stock
        gap = point[:, t] - stock - under_way
        lots = np.where(gap >= 0, np.floor(gap / quantity[:, t]) + 1, 0)
        due[:, t + lead] += lots * quantity[:, t]
        under_way += lots * quantity[:, t]
    return lost, held
