"""The search model: index, tuned encoders, judged queries, a ranker and a regressor of grades."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.models.search.config import SearchConfig
from shoplake.models.search.encoder import TextEncoder
from shoplake.models.search.features import (
    NAMES,
    Scored,
    candidates,
    features,
    scored,
    vote_features,
)
from shoplake.models.search.index import Queries, SearchIndex
from shoplake.models.search.judgements import Judgements
from shoplake.models.search.neighbours import JudgedQueries, Votes
from shoplake.models.search.ranker import Booster, fit_ranker, fit_regressor
from shoplake.models.search.tuning import halves_of, tuned_encoders

#: Queries scored at once: a block's scores of 50,000 titles take 100 MB.
BLOCK = 128
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Pairs:
    """Pairs with their features; rows are pairs, a query's together.

    Attributes:
        query: index of the query.
        title: index of the title.
        features: [pairs, NAMES].
    """

    query: NDArray[np.int64]
    title: NDArray[np.int64]
    features: pd.DataFrame

    @classmethod
    def joined(cls, parts: list[Pairs]) -> Pairs:
        """Blocks after each other."""
        return cls(
            np.concatenate([p.query for p in parts]),
            np.concatenate([p.title for p in parts]),
            pd.concat([p.features for p in parts], ignore_index=True),
        )


@dataclass(frozen=True)
class Block:
    """Some queries with every title's first scores and the votes for them."""

    part: slice
    queries: Queries
    scores: Scored
    votes: Votes


class SearchModel:
    """Ranks a catalogue's titles for queries."""

    def __init__(self, index: SearchIndex, judged: Judgements, config: SearchConfig) -> None:
        """Make it ready to be fitted.

        Args:
            index: of `judged.titles`, perhaps tuned.
            judged: judgements to learn from; its titles are the whole catalogue.
            config: settings.
        """
        self.index = index
        self.config = config
        self.judged = judged
        texts = [" ".join(tokens) for tokens in index.corrected(judged.queries.tolist())]
        self._known = JudgedQueries(
            judged,
            index.encode(texts),
            neighbours=config.neighbours,
            least=config.least_similarity,
        )
        #: Features of every judged pair, once fitted [N, NAMES].
        self.learnt: pd.DataFrame | None = None
        self.ranker: Booster | None = None
        self.regressor: Booster | None = None

    def fit(self, read: Queries, tell: Tell) -> None:
        """Fit ranker and regressor on the judged queries.

        Args:
            read: those queries as the index reads them, each by encoders that did not learn it.
            tell: told of progress.
        """
        draw = np.random.default_rng(self.config.seed)
        count = len(self.judged.queries)
        chosen = np.zeros(count, dtype=bool)
        chosen[draw.permutation(count)[: self.config.ranker_queries]] = True
        grade = {
            (q, t): g
            for q, t, g in zip(
                self.judged.query.tolist(),
                self.judged.title.tolist(),
                self.judged.relevance.tolist(),
                strict=True,
            )
        }
        judged: list[Pairs] = []
        ranked: list[Pairs] = []
        for block in self.blocks(read, np.arange(count)):
            rows = (self.judged.query >= block.part.start) & (self.judged.query < block.part.stop)
            judged.append(self.pairs(block, self.judged.query[rows], self.judged.title[rows]))
            query, title = candidates(block.scores, block.votes, self.config.candidates)
            query = query + block.part.start
            kept = chosen[query]
            ranked.append(self.pairs(block, query[kept], title[kept]))
        self.learnt = Pairs.joined(judged).features
        tell(f"relevance: {len(self.learnt):,} judged pairs")
        self.regressor = fit_regressor(
            self.learnt, self.judged.query, self.judged.relevance, self.config, tell
        )
        pairs = Pairs.joined(ranked)
        grades = np.array([grade.get(key, 0.0) for key in _keys(pairs)])
        tell(f"ranking: {chosen.sum():,} queries, {len(grades):,} candidates")
        self.ranker = fit_ranker(pairs.features, pairs.query, grades, self.config, tell)

    def blocks(self, read: Queries, itself: NDArray[np.int64] | None = None) -> Iterator[Block]:
        """Queries in blocks, with every title's first scores.

        Args:
            read: the queries.
            itself: where each is among the judged ones, so that it is not told its own answer.
        """
        for start in range(0, len(read.texts), BLOCK):
            part = slice(start, min(start + BLOCK, len(read.texts)))
            queries = read.block(part)
            own = None if itself is None else itself[part]
            votes = self._known.votes(queries.vectors, own)
            yield Block(part, queries, scored(self.index, queries), votes)

    def pairs(self, block: Block, query: NDArray[np.int64], title: NDArray[np.int64]) -> Pairs:
        """Features of pairs of a block; `query` counts from the first of all queries."""
        own = query - block.part.start
        words = features(self.index, block.queries, block.scores, own, title)
        votes = vote_features(self.index, block.queries, block.votes, own, title)
        return Pairs(query, title, pd.concat([words, votes], axis=1)[NAMES])

    def ranked(self, block: Block) -> tuple[Pairs, NDArray[np.float64]]:
        """Candidates of a block's queries with the ranker's scores."""
        assert self.ranker is not None
        query, title = candidates(block.scores, block.votes, self.config.candidates)
        pairs = self.pairs(block, query + block.part.start, title)
        return pairs, self.ranker.predict(pairs.features)


def fit_search(judged: Judgements, config: SearchConfig, tell: Tell) -> SearchModel:
    """Index the catalogue, tune the encoders, and fit ranker and regressor.

    Args:
        judged: judgements to learn from; its titles are the whole catalogue.
        config: settings.
        tell: told of progress.

    Raises:
        ModelError: there is no such base model, or LightGBM cannot start.
    """
    base = TextEncoder.load(config.base, max_tokens=config.max_tokens)
    tell(f"{len(judged.titles):,} titles, {len(judged.queries):,} judged queries")
    index = SearchIndex(judged.titles.tolist(), base)
    halves = halves_of(judged.queries.tolist(), config.seed)
    encoders = tuned_encoders(index, judged, halves, config, tell)
    if encoders:
        tell("titles read by the tuned encoders")
        index.tune(encoders)
    model = SearchModel(index, judged, config)
    read = index.read(judged.queries.tolist(), trained_on=halves)
    model.fit(read, tell)
    return model


def _keys(pairs: Pairs) -> list[tuple[int, int]]:
    return list(zip(pairs.query.tolist(), pairs.title.tolist(), strict=True))
