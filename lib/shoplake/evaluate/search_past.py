"""What search knew before a time, to learn from clicks after it and to be judged on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.click_weights import LEAST_SEEN, Clicks
from shoplake.models.search.encoder import Vectors
from shoplake.serve.search import WEIGHTS, Reading, ShopSearch
from shoplake.serve.search_behaviour import Behaviour, newness, popularity
from shoplake.serve.search_clicks import ClickedQueries

Floats = NDArray[np.float64]
#: Shares of the impressions after which learning, and judging, begins.
_LEARN_FROM, _JUDGE_FROM = 0.4, 0.75
#: Products drawn beside those shown, so that what fits no query loses.
_OTHERS = 45
_TOP = 10
#: Queries learnt from, and judged on, at most: more would say little more and take longer.
_MOST = 400


def moments(shown: pd.DataFrame) -> tuple[datetime, datetime]:
    """When the impressions that are learnt from begin, and those that are judged on."""
    begin, judge = (
        shown["at"].quantile(q).floor("s").to_pydatetime() for q in (_LEARN_FROM, _JUDGE_FROM)
    )
    return begin, judge


def some_clicked(shown: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The lists of at most 400 queries that somebody clicked for."""
    clicked = np.unique(shown.loc[shown["clicked"] > 0, "query"].to_numpy(dtype=object))
    kept = np.random.default_rng(seed).permutation(clicked)[:_MOST]
    return shown[shown["query"].isin(set(kept))]


class Past:
    """What search knew before a time."""

    def __init__(
        self, search: ShopSearch, queries: list[str], shown: pd.DataFrame, sold: pd.DataFrame
    ) -> None:
        """Read the queries.

        Args:
            search: of the lake's products.
            queries: all that will be asked about.
            shown: of `impressions`: session_id, query, product, position, clicked, at.
            sold: product (its place in the catalogue), people, as_of: how many people bought it in
                the 30 days before, at the two `moments` of `shown`.
        """
        self._search, self._shown, self._sold = search, shown, sold
        self._size = len(search.products)
        self._vectors = _Kept(search, shown)
        self._behaviour: dict[datetime, Behaviour] = {}
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
        """DCG@10 of what was clicked, among all products, by each weights; one value a query.

        Of products with one score, a rank is the mean of theirs.
        """
        found: list[list[float]] = [[] for _ in weights]
        clicked = shown[shown["clicked"] > 0]
        for query, rows in clicked.groupby("query"):
            matrix = self._matrix(str(query), time)
            counts = np.array([1 / seen.get(int(p), LEAST_SEEN) for p in rows["position"]])
            for values, by in zip(found, weights, strict=True):
                score = matrix @ np.array([by[name] for name in WEIGHTS])
                own = score[rows["product"].to_numpy()]
                above = (score[None, :] > own[:, None]).sum(1)
                tied = (score[None, :] == own[:, None]).sum(1) - 1
                rank = 1 + above + tied / 2
                gain = np.where(rank <= _TOP, 1 / np.log2(1 + rank), 0.0)
                values.append(float((gain * counts).sum() / counts.sum()))
        return [np.array(values) for values in found]

    def _matrix(self, query: str, time: datetime) -> Floats:
        """Every product's parts as they were at a time [T, parts]."""
        parts = self._search.parts(self._read[query], self._known(time))
        return np.column_stack([parts[name] for name in WEIGHTS])

    def _known(self, time: datetime) -> Behaviour:
        if time not in self._behaviour:
            rows = self._shown[self._shown["at"] < time]
            clicked = ClickedQueries(rows, self._vectors, self._size)
            new = newness(self._search.first_at, time)
            self._behaviour[time] = Behaviour(clicked, self._popular(time), new)
        return self._behaviour[time]

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
