"""Weights of search learnt from what people clicked in a lake, and whether they may be used.

Weights are learnt from some queries and judged on other queries at a later time; what popularity
and earlier clicks say is of before that time in both.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.click_weights import LEAST_SEEN, Clicks, fit_weights, looked_at
from shoplake.evaluate.intervals import Interval, paired_difference
from shoplake.models.search.encoder import Vectors
from shoplake.serve.search import WEIGHTS, Reading, ShopSearch, popularity
from shoplake.serve.search_clicks import ClickedQueries

Floats = NDArray[np.float64]
#: Clicks to learn from, and queries with a click to judge on, below which nothing is said.
LEAST_CLICKS, LEAST_QUERIES = 100, 50
#: Shares of the impressions after which learning, and judging, begins.
_LEARN_FROM, _JUDGE_FROM = 0.4, 0.75
#: Products drawn beside those shown, so that what fits no query loses.
_OTHERS = 45
_TOP = 10
#: Queries learnt from, and judged on, at most: more would say little more and take longer.
_MOST = 400


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
    if not len(shown):
        return Learnt(dict(WEIGHTS), None, False, few)
    begin, judge = moments(shown)
    ours = shown["query"].map(_half)
    learn = _some(shown[(shown["at"] >= begin) & (shown["at"] < judge) & ours], seed)
    asked = _some(shown[(shown["at"] >= judge) & ~ours], seed)
    if learn["clicked"].sum() < LEAST_CLICKS:
        return Learnt(dict(WEIGHTS), None, False, few)
    if asked.loc[asked["clicked"] > 0, "query"].nunique() < LEAST_QUERIES:
        return Learnt(dict(WEIGHTS), None, False, few)
    seen = looked_at(shown[shown["at"] < judge])
    queries = sorted({*learn["query"], *asked["query"]})
    before = _Before(search, queries, shown, sold)
    weights = fit_weights(before.lists(learn, begin, seen, np.random.default_rng(seed)))
    fixed, learnt = before.gains(asked, judge, seen, (WEIGHTS, weights))
    gain = paired_difference(learnt, fixed, seed=seed)
    passed = gain.low > 0
    reason = (
        f"DCG@10 of clicked products {learnt.mean():.3f}, by fixed weights {fixed.mean():.3f}: "
        f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}) on {len(fixed):,} other queries "
        f"of a later time; learnt from {int(learn['clicked'].sum()):,} clicks: "
        + ", ".join(f"{name} {weights[name]:.2f}" for name in WEIGHTS)
    )
    return Learnt(weights, gain, passed, reason)


def moments(shown: pd.DataFrame) -> tuple[datetime, datetime]:
    """When the impressions that are learnt from begin, and those that are judged on."""
    begin, judge = (
        shown["at"].quantile(q).floor("s").to_pydatetime() for q in (_LEARN_FROM, _JUDGE_FROM)
    )
    return begin, judge


class _Before:
    """What search knew before a time."""

    def __init__(
        self, search: ShopSearch, queries: list[str], shown: pd.DataFrame, sold: pd.DataFrame
    ) -> None:
        self._search, self._shown, self._sold = search, shown, sold
        self._size = len(search.products)
        self._vectors = _Kept(search, shown)
        self._clicked: dict[datetime, ClickedQueries] = {}
        self._read: dict[str, Reading] = dict(zip(queries, search.read(queries), strict=True))

    def lists(
        self,
        shown: pd.DataFrame,
        time: datetime,
        seen: Mapping[int, float],
        draw: np.random.Generator,
    ) -> Clicks:
        """Each click with the other products of its list that were not clicked, and some drawn."""
        found: list[Floats] = []
        counts: list[float] = []
        for query, rows in shown.groupby("query"):
            matrix = self._matrix(str(query), time)
            for _, one in rows.groupby("session_id", dropna=False):
                products = one["product"].to_numpy()
                clicked = one["clicked"].to_numpy() > 0
                others = np.setdiff1d(draw.choice(self._size, min(self._size, _OTHERS)), products)
                rest = matrix[np.concatenate([products[~clicked], others])]
                places = one["position"].to_numpy()[clicked]
                for product, place in zip(products[clicked], places, strict=True):
                    found.append(np.vstack([matrix[[product]], rest]))
                    counts.append(1 / seen.get(int(place), LEAST_SEEN))
        parts = np.zeros((len(found), max(map(len, found)), len(WEIGHTS)))
        there = np.zeros(parts.shape[:2], dtype=bool)
        for at, one in enumerate(found):
            parts[at, : len(one)], there[at, : len(one)] = one, True
        return Clicks(parts, there, np.array(counts))

    def gains(
        self,
        shown: pd.DataFrame,
        time: datetime,
        seen: Mapping[int, float],
        weights: tuple[Mapping[str, float], ...],
    ) -> list[Floats]:
        """DCG@10 of what was clicked, among all products, by each weights; one value a query."""
        found: list[list[float]] = [[] for _ in weights]
        clicked = shown[shown["clicked"] > 0]
        for query, rows in clicked.groupby("query"):
            matrix = self._matrix(str(query), time)
            counts = np.array([1 / seen.get(int(p), LEAST_SEEN) for p in rows["position"]])
            for values, by in zip(found, weights, strict=True):
                score = matrix @ np.array([by[name] for name in WEIGHTS])
                own = score[rows["product"].to_numpy()]
                rank = 1 + (score[None, :] > own[:, None]).sum(1)
                gain = np.where(rank <= _TOP, 1 / np.log2(1 + rank), 0.0)
                values.append(float((gain * counts).sum() / counts.sum()))
        return [np.array(values) for values in found]

    def _matrix(self, query: str, time: datetime) -> Floats:
        """Every product's parts as they were at a time [T, parts]."""
        parts = self._search.parts(self._read[query], self._clicks(time), self._popular(time))
        return np.column_stack([parts[name] for name in WEIGHTS])

    def _clicks(self, time: datetime) -> ClickedQueries:
        if time not in self._clicked:
            rows = self._shown[self._shown["at"] < time]
            self._clicked[time] = ClickedQueries(rows, self._vectors, self._size)
        return self._clicked[time]

    def _popular(self, time: datetime) -> Floats:
        rows = self._sold[self._sold["as_of"] == time]
        people = np.zeros(self._size)
        people[rows["product"].to_numpy()] = rows["people"].to_numpy(dtype=float)
        return popularity(people)


class _Kept:
    """Vectors of every query asked, read once."""

    def __init__(self, search: ShopSearch, shown: pd.DataFrame) -> None:
        queries = np.unique(shown["query"].to_numpy(dtype=object)).tolist()
        self._vectors = search.encoder.encode_kept(queries)
        self._at = {query: at for at, query in enumerate(queries)}

    def encode_kept(self, texts: Sequence[str]) -> Vectors:
        """As an encoder's."""
        return self._vectors[[self._at[text] for text in texts]]


def _some(shown: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The lists of at most `_MOST` queries that somebody clicked for."""
    clicked = np.unique(shown.loc[shown["clicked"] > 0, "query"].to_numpy(dtype=object))
    kept = np.random.default_rng(seed).permutation(clicked)[:_MOST]
    return shown[shown["query"].isin(set(kept))]


def _half(query: str) -> bool:
    """Whether a query is one to learn from; the same in every run."""
    return zlib.crc32(query.strip().lower().encode()) % 2 == 0
