"""Weights of search learnt from what people clicked in a lake, and whether they may be used.

Weights are learnt from some queries and judged on other queries at a later time; what popularity
and earlier clicks say is of before that time in both.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from shoplake.evaluate.click_weights import fit_weights, looked_at
from shoplake.evaluate.intervals import Interval, paired_difference
from shoplake.evaluate.search_past import Past, moments, some_clicked
from shoplake.models.search.roles import is_for_weights
from shoplake.serve.search import EXTRA, WEIGHTS, ShopSearch

#: Clicks to learn from, and queries with a click to judge on, below which nothing is said.
LEAST_CLICKS, LEAST_QUERIES = 100, 50


@dataclass(frozen=True)
class Learnt:
    """Weights and what speaks for them.

    Attributes:
        weights: of the parts, adding up to what the fixed ones do.
        gain: DCG@10 of clicked products by these weights less that by the fixed ones, mean over
            queries; None where there are too few clicks to tell.
        passed: whether they are better beyond the interval.
        reason: for the reader.
    """

    weights: dict[str, float]
    gain: Interval | None
    passed: bool
    reason: str


def learn_weights(
    search: ShopSearch, shown: pd.DataFrame, sold: pd.DataFrame, *, seed: int
) -> Learnt:
    """Learn from clicks, and compare with the fixed weights.

    Args:
        search: of the lake's products.
        shown: of `impressions`: session_id, query, product, position, clicked, at.
        sold: product (its place in the catalogue), people, as_of: how many people bought it in the
            30 days before, at the two `moments` of `shown`.
        seed: of the draws.
    """
    few = f"fewer than {LEAST_CLICKS} clicks or {LEAST_QUERIES} queries: fixed weights"
    plain = fitted(search, shown, sold, seed=seed, without=EXTRA)
    if plain is None:
        return Learnt(dict(WEIGHTS), None, False, few)
    _, judge = moments(shown)
    later = shown[(shown["at"] >= judge) & ~shown["query"].map(is_for_weights)]
    asked = some_clicked(later, seed)
    queries = asked.loc[asked["clicked"] > 0, "query"].unique().tolist()
    if len(queries) < LEAST_QUERIES:
        return Learnt(dict(WEIGHTS), None, False, few)
    every = fitted(search, shown, sold, seed=seed) or plain
    seen = looked_at(shown[shown["at"] < judge])
    past = Past(search, queries, shown, sold)
    fixed, less, more = past.gains(asked, judge, seen, (WEIGHTS, plain, every))
    fuller = paired_difference(more, less, seed=seed)
    weights, learnt = (every, more) if fuller.low > 0 else (plain, less)
    gain = paired_difference(learnt, fixed, seed=seed)
    reason = (
        f"DCG@10 of clicked products {learnt.mean():.3f}, by fixed weights {fixed.mean():.3f}: "
        f"{_told(gain)} on {len(fixed):,} other queries of a later time; with newness and price "
        f"{_told(fuller)} more, {'used' if fuller.low > 0 else 'not used'}: "
        + ", ".join(f"{name} {weights[name]:.2f}" for name in WEIGHTS)
    )
    return Learnt(weights, gain, gain.low > 0, reason)


def _told(gain: Interval) -> str:
    return f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"


def fitted(
    search: ShopSearch,
    shown: pd.DataFrame,
    sold: pd.DataFrame,
    *,
    seed: int,
    without: Collection[str] = (),
) -> dict[str, float] | None:
    """Weights learnt from the earlier clicks of half of the queries; None: they are too few.

    Args:
        search, shown, sold, seed: as `learn_weights` has them.
        without: parts that keep the weight 0.
    """
    if not len(shown):
        return None
    begin, judge = moments(shown)
    ours = (shown["at"] >= begin) & (shown["at"] < judge) & shown["query"].map(is_for_weights)
    learn = some_clicked(shown[ours], seed)
    if learn["clicked"].sum() < LEAST_CLICKS:
        return None
    seen = looked_at(shown[shown["at"] < judge])
    past = Past(search, sorted(set(learn["query"])), shown, sold)
    return fit_weights(past.lists(learn, begin, seen, np.random.default_rng(seed)), without)
