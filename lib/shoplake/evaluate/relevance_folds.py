"""Predicted grades in grouped folds: a query's pairs are predicted by what never saw the query."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.evaluate.metrics import Values
from shoplake.evaluate.relevance_baselines import PlainWords
from shoplake.models.search.config import SearchConfig
from shoplake.models.search.features import FAMILIES, NAMES, features, scored, vote_features
from shoplake.models.search.index import Queries, SearchIndex
from shoplake.models.search.judgements import Judgements
from shoplake.models.search.model import BLOCK
from shoplake.models.search.neighbours import JudgedQueries
from shoplake.models.search.ranker import fit_regressor

MEAN, LINE, PLAIN, MODEL = (
    "relevance: mean grade",
    "relevance: BM25 score, regression",
    "relevance: trees on word features",
    "relevance: trees on words, meaning and judgements",
)
Tell = Callable[[str], None]


#: Features that count words: no letters, no encoder.
_COUNTED = [n for n in FAMILIES["words"] if not n.startswith("letters")]


@dataclass(frozen=True)
class Pairs:
    """Judged pairs as the baselines see them.

    Attributes:
        query: of each pair.
        bm25: of plain words.
        words: features of the words family, at least.
    """

    query: NDArray[np.int64]
    bm25: NDArray[np.float32]
    words: pd.DataFrame

    def only(self, rows: NDArray[np.bool_]) -> Pairs:
        """Some of them."""
        return Pairs(self.query[rows], self.bm25[rows], self.words[rows])


def baseline_grades(
    known: Pairs, grades: Values, new: Pairs, config: SearchConfig
) -> dict[str, Values]:
    """The baselines' grades of new pairs, learnt from known ones."""
    slope, level = np.polyfit(known.bm25, grades, 1)
    trees = fit_regressor(known.words[_COUNTED], known.query, grades, config, lambda _: None)
    return {
        MEAN: np.full(len(new.query), grades.mean()),
        LINE: slope * new.bm25 + level,
        PLAIN: trees.predict(new.words[_COUNTED]),
    }


def folded_grades(
    index: SearchIndex,
    judged: Judgements,
    read: Queries,
    plain: PlainWords,
    config: SearchConfig,
    tell: Tell,
    *,
    folds: int = 5,
) -> dict[str, Values]:
    """Each pair's grade by baselines and model, learnt on the other folds' queries.

    Args:
        index: the catalogue.
        judged: every judgement.
        read: every query, by encoders that did not learn from it.
        plain: of the same queries and titles.
        config: settings.
        tell: told of progress.
        folds: how many.
    """
    fold = np.random.default_rng(config.seed + 1).permutation(len(judged.queries)) % folds
    query, title, grades = judged.query, judged.title, judged.relevance
    words = _words(index, read, query, title)
    simple = Pairs(query, plain.pairs(query, title), words)
    found = {name: np.zeros(len(query)) for name in (MEAN, LINE, PLAIN, MODEL)}
    for k in range(folds):
        learn = fold != k
        votes = _votes(index, judged.only(learn), read, learn, query, title, config)
        rows = learn[query]
        every = pd.concat([words, votes], axis=1)[NAMES]
        model = fit_regressor(every[rows], query[rows], grades[rows], config, lambda _: None)
        predicted = baseline_grades(simple.only(rows), grades[rows], simple.only(~rows), config)
        predicted[MODEL] = model.predict(every[~rows])
        for name, values in predicted.items():
            found[name][~rows] = values
        error = np.sqrt(np.mean((predicted[MODEL] - grades[~rows]) ** 2))
        tell(f"relevance, fold {k + 1} of {folds}: RMSE {error:.4f}")
    return found


def _words(
    index: SearchIndex, read: Queries, query: NDArray[np.int64], title: NDArray[np.int64]
) -> pd.DataFrame:
    parts = []
    for start in range(0, len(read.texts), BLOCK):
        block = read.block(slice(start, start + BLOCK))
        rows = (query >= start) & (query < start + BLOCK)
        scores = scored(index, block)
        parts.append(features(index, block, scores, query[rows] - start, title[rows]))
    return pd.concat(parts, ignore_index=True)


def _votes(
    index: SearchIndex,
    known: Judgements,
    read: Queries,
    learn: NDArray[np.bool_],
    query: NDArray[np.int64],
    title: NDArray[np.int64],
    config: SearchConfig,
) -> pd.DataFrame:
    judged = JudgedQueries(
        known,
        read.vectors[learn],
        neighbours=config.neighbours,
        least=config.least_similarity,
    )
    itself = np.where(learn, np.cumsum(learn) - 1, -1)
    votes = judged.votes(read.vectors, itself)
    return vote_features(index, read, votes, query, title)
