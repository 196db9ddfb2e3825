"""How good a ranker of text is: 30 candidates of BM25 put in order, and grades of judged pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.findings import Figure, compared
from shoplake.evaluate.metrics import Values
from shoplake.evaluate.relevance_metrics import grade_metrics, retrieval_metrics
from shoplake.models.search.encoder import TextEncoder
from shoplake.models.search.judgements import Judgements
from shoplake.models.search.lexical import TermIndex, pair_scores
from shoplake.models.search.text import terms, words

CANDIDATES = 30
MEAN, WORDS = "mean grade", "BM25"
Scores = Callable[[list[str], list[str]], Values]


@dataclass(frozen=True)
class Judged:
    """What a model said.

    Attributes:
        order: of the candidates [Q * candidates].
        grades: of the judged pairs.
    """

    order: Values
    grades: Values


class Reranking:
    """Queries held out, with BM25's candidates among all titles."""

    def __init__(self, learn: Judgements, asked: Judgements, candidates: int = CANDIDATES) -> None:
        """Find the candidates.

        Args:
            learn: judgements that were learnt from.
            asked: judgements of the queries to judge on; their titles are the whole catalogue.
            candidates: titles of a query to be put in order.
        """
        self.asked = asked
        self._learn = learn
        self._index = TermIndex([terms(words(t)) for t in asked.titles])
        self._terms = self._index.queries([terms(words(q)) for q in asked.queries])
        count = min(candidates, len(asked.titles))
        best = []
        for at in range(0, len(asked.queries), 128):
            scores = self._index.scores(self._terms[at : at + 128])
            best.append(np.argpartition(-scores, count - 1, axis=1)[:, :count])
        self.title: NDArray[np.int64] = np.concatenate(best).ravel().astype(np.int64)
        self.query = np.repeat(np.arange(len(asked.queries)), count)

    def words(self) -> Judged:
        """What BM25 says: its scores, and their regression line through known grades."""
        learn, titles = self._learn, self.asked.titles
        if np.isin(learn.titles, titles).all():
            index, place = self._index, np.searchsorted(titles, learn.titles)
        else:  # Another shop's, of which this one's catalogue has none.
            index = TermIndex([terms(words(t)) for t in learn.titles])
            place = np.arange(len(learn.titles))
        known = index.queries([terms(words(q)) for q in learn.queries])
        told = pair_scores(known, index.rows, learn.query, place[learn.title])
        line = np.polyfit(told, self._learn.relevance, 1)
        rows = self._index.rows
        order = pair_scores(self._terms, rows, self.query, self.title)
        return Judged(
            order.astype(float),
            np.polyval(line, pair_scores(self._terms, rows, self.asked.query, self.asked.title)),
        )

    def mean(self) -> Judged:
        """The mean known grade for all: candidates in no order."""
        same = np.zeros(len(self.query))
        return Judged(same, np.full(len(self.asked), self._learn.relevance.mean()))

    def untouched(self, encoder: TextEncoder, most: int = 2000) -> Judged:
        """An encoder as it is: cosines, and their regression line through known grades."""

        def cosines(queries: list[str], titles: list[str]) -> Values:
            left, right = (
                encoder.encode([" ".join(words(t)) for t in texts]) for texts in (queries, titles)
            )
            return np.asarray(np.einsum("ij,ij->i", left, right), dtype=np.float64)

        rows = np.random.default_rng(0).permutation(len(self._learn))[:most]
        known = cosines(
            self._learn.queries[self._learn.query[rows]].tolist(),
            self._learn.titles[self._learn.title[rows]].tolist(),
        )
        line = np.polyfit(known, self._learn.relevance[rows], 1)
        return self.by(cosines, lambda said: np.polyval(line, said))

    def by(self, scores: Scores, graded: Callable[[Values], Values]) -> Judged:
        """What a model says.

        Args:
            scores: of pairs of queries and titles.
            graded: grades of such scores.
        """
        asked = self.asked
        query = np.concatenate([self.query, asked.query])
        title = np.concatenate([self.title, asked.title])
        said = scores(asked.queries[query].tolist(), asked.titles[title].tolist())
        return Judged(said[: len(self.query)], graded(said[len(self.query) :]))

    def figures(
        self, judged: Mapping[str, Judged], baselines: list[str], *, seed: int
    ) -> dict[str, dict[str, Figure]]:
        """nDCG@10, MRR@10, and the errors of grades, with intervals over queries."""
        values = {name: self.ranked(found.order) for name, found in judged.items()}
        figures = compared(values, baselines, "ndcg@10", seed=seed)
        grades = {name: found.grades for name, found in judged.items()}
        errors = grade_metrics(grades, self.asked.relevance, self.asked.query, baselines, seed=seed)
        for name, row in errors.items():
            figures[name] |= {m: row[m] for m in ("rmse", "spearman") if m in row}
        return figures

    def ranked(self, order: Values) -> dict[str, Values]:
        """nDCG@10 and MRR@10 of each query, by scores of the candidates."""
        found = []
        for at in range(0, len(self.asked.queries), 128):
            part = slice(at, min(at + 128, len(self.asked.queries)))
            rows = (self.query >= part.start) & (self.query < part.stop)
            shape = (part.stop - part.start, len(self.asked.titles))
            scores = np.full(shape, -np.inf, dtype=np.float32)
            scores[self.query[rows] - part.start, self.title[rows]] = order[rows]
            found.append(retrieval_metrics(scores, self.asked, part))
        return {m: np.concatenate([f[m] for f in found]) for m in ("ndcg@10", "mrr@10")}


def by_query(
    rows: pd.DataFrame, train: pd.DataFrame | None, share: float, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Rows to learn from, rows to judge on, and how many queries of `train` were left out.

    Args:
        rows: query, title, relevance.
        train: rows to learn from; without them a share of the queries of `rows` is judged on.
        share: of the queries.
        seed: of the draw.
    """
    asked = rows["query"].str.lower()
    if train is not None:
        known = train["query"].str.lower()
        shared = known.isin(set(asked))
        return train[~shared], rows, int(known[shared].nunique())
    queries = np.unique(asked.to_numpy(dtype=object))
    drawn = np.random.default_rng(seed).permutation(queries)[: round(share * len(queries))]
    out = asked.isin(set(drawn))
    return rows[~out], rows[out], 0


def some_queries(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """The rows of at most `count` queries."""
    queries = np.unique(rows["query"].to_numpy(dtype=object))
    kept = np.random.default_rng(seed).permutation(queries)[:count]
    return rows[rows["query"].isin(set(kept))].reset_index(drop=True)
