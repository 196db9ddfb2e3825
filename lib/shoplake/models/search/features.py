"""What a ranker sees of a query and a title: words, letters, meaning, earlier judgements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.models.search.encoder import Vectors, inner_products
from shoplake.models.search.index import Queries, SearchIndex
from shoplake.models.search.lexical import pair_scores
from shoplake.models.search.neighbours import Votes

#: Features by what they are made of, for `--explain`.
FAMILIES = {
    "words": (
        *("bm25", "bm25_of_best", "bm25_raw", "letters", "letters_of_best"),
        *("matched", "matched_idf", "missed_idf", "missed_most", "measures", "measures_matched"),
        *("last", "last_in_head", "last_is_thing", "first_matched", "brand", "pairs_matched"),
        *("of_title", "of_head", "query_terms", "title_terms", "query_length"),
    ),
    "meaning": ("base", "base_of_best", "tuned", "tuned_of_best", "feedback"),
    "behaviour": ("seen", "gain", "votes_direction", "nearest"),
}
NAMES = [name for names in FAMILIES.values() for name in names]
_FEEDBACK = 10


@dataclass(frozen=True)
class Scored:
    """Every title's first scores for a block of queries, each [Q, T]."""

    bm25: NDArray[np.float32]
    letters: NDArray[np.float32]
    base: NDArray[np.float32]
    tuned: NDArray[np.float32] | None

    @property
    def fused(self) -> NDArray[np.float32]:
        """One first score: words and letters as shares of their best title's, and the cosine."""
        dense = self.base if self.tuned is None else self.tuned
        return _of_best(self.bm25) + 0.5 * _of_best(self.letters) + 1.5 * dense


def scored(index: SearchIndex, queries: Queries) -> Scored:
    """Score a block of queries against the catalogue."""
    return Scored(
        index.terms.scores(queries.terms),
        index.letters.scores(queries.letters),
        inner_products(queries.vectors, index.vectors),
        inner_products(queries.tuned, index.tuned) if index.tuned.shape[1] else None,
    )


def candidates(
    scores: Scored, votes: Votes, count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The best `count` titles of each query by the first score and the votes (query, title)."""
    fused = scores.fused
    gain = votes.gain.tocoo()
    fused[gain.row, gain.col] += 0.3 * np.minimum(gain.data, 1)
    count = min(count, fused.shape[1])
    best = np.argpartition(-fused, count - 1, axis=1)[:, :count]
    return np.repeat(np.arange(len(fused)), count), best.ravel()


def features(
    index: SearchIndex,
    queries: Queries,
    scores: Scored,
    query: NDArray[np.int64],
    title: NDArray[np.int64],
) -> pd.DataFrame:
    """Features of words and meaning of pairs of a block's queries and titles, float32."""
    at: dict[str, NDArray[np.float32]] = {}
    for name, matrix in (("bm25", scores.bm25), ("letters", scores.letters)):
        at[name] = matrix[query, title]
        at[f"{name}_of_best"] = at[name] / np.maximum(matrix.max(axis=1), 1e-6)[query]
    for name, cosines in (("base", scores.base), ("tuned", scores.tuned)):
        if cosines is None:
            at[name] = at[f"{name}_of_best"] = np.zeros(len(query), dtype=np.float32)
            continue
        at[name] = cosines[query, title]
        at[f"{name}_of_best"] = at[name] - cosines.max(axis=1)[query]
    at |= _words(index, queries, query, title)
    at["bm25_raw"] = pair_scores(queries.raw, index.terms.rows, query, title)
    texts, shares = _space(index, queries)
    at["feedback"] = _dots(_weighed(_feedback(scores, texts), shares), texts, query, title)
    return pd.DataFrame({name: at[name] for name in NAMES if name in at}, copy=False)


def vote_features(
    index: SearchIndex,
    queries: Queries,
    votes: Votes,
    query: NDArray[np.int64],
    title: NDArray[np.int64],
) -> pd.DataFrame:
    """Features of behaviour: what judges said of similar queries."""
    texts, shares = _space(index, queries)
    towards = np.asarray(votes.relevant @ texts, dtype=np.float32)
    at = {
        "seen": _looked_up(votes.seen, query, title),
        "gain": _looked_up(votes.gain, query, title),
        "votes_direction": _dots(_weighed(towards, shares), texts, query, title),
        "nearest": votes.nearest[query],
    }
    return pd.DataFrame(at, copy=False)


def _space(index: SearchIndex, queries: Queries) -> tuple[Vectors, NDArray[np.float32]]:
    """Title vectors of the tuned encoders, or of the base model, and each query's shares."""
    if index.tuned.shape[1]:
        return index.tuned, queries.shares
    return index.vectors, np.ones((len(queries.texts), 1), dtype=np.float32)


def _words(
    index: SearchIndex, queries: Queries, query: NDArray[np.int64], title: NDArray[np.int64]
) -> dict[str, NDArray[np.float32]]:
    """Which of the query's words the title has, and where."""
    idf = index.terms.idf
    scaled = csr_array(queries.terms.multiply(idf[None, :]))
    numbers = csr_array(queries.terms.multiply(index.measures[None, :]))

    def both(asked: csr_array, held: csr_array) -> NDArray[np.float32]:
        return pair_scores(asked, held, query, title)

    matched, matched_idf = both(queries.terms, index.all), both(scaled, index.all)
    # A word that no title has counts as the rarest.
    whole = scaled.sum(axis=1) + (queries.known - queries.terms.sum(axis=1)) * idf.max()
    head_matched = both(scaled, index.head)
    asked_numbers = numbers.sum(axis=1)[query]
    paired = np.maximum(queries.pairs.sum(axis=1), 1)[query]
    return {
        "matched": matched / queries.known[query],
        "matched_idf": matched_idf / np.maximum(whole, 1e-6)[query],
        "missed_idf": whole[query] - matched_idf,
        "missed_most": _missed_most(scaled, index.all, query, title),
        "measures": asked_numbers,
        "measures_matched": both(numbers, index.all) / np.maximum(asked_numbers, 1),
        "last": both(queries.last, index.all),
        "last_in_head": both(queries.last, index.head),
        "last_is_thing": both(queries.last, index.thing),
        "first_matched": both(queries.first, index.all),
        "brand": both(queries.terms, index.brand),
        "pairs_matched": both(queries.pairs, index.title_pairs) / paired,
        "of_title": matched_idf / np.maximum(index.title_idf[title], 1e-6),
        "of_head": head_matched / np.maximum(index.head_idf[title], 1e-6),
        "query_terms": queries.known[query],
        "title_terms": index.title_terms[title],
        "query_length": np.array([len(t) for t in queries.texts], dtype=np.float32)[query],
    }


def _missed_most(
    scaled: csr_array, held: csr_array, query: NDArray[np.int64], title: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Weight of the query's weightiest word that the title lacks."""
    found = np.zeros(len(query), dtype=np.float32)
    for start in range(0, len(query), 50_000):
        part = slice(start, start + 50_000)
        asked = scaled[query[part]]
        missed = asked - asked.multiply(held[title[part]])
        found[part] = missed.max(axis=1).toarray().ravel()
    return found


def _feedback(scores: Scored, texts: Vectors) -> Vectors:
    """Direction of the first score's best titles (Rocchio's pseudo-relevance feedback)."""
    fused = scores.fused
    count = min(_FEEDBACK, fused.shape[1])
    best = np.argpartition(-fused, count - 1, axis=1)[:, :count]
    return np.asarray(texts[best].mean(axis=1))


def _weighed(directions: Vectors, shares: NDArray[np.float32]) -> Vectors:
    """Each encoder's side of a direction with the share that encoder has in the query."""
    sides = directions.reshape(len(directions), shares.shape[1], -1) * shares[:, :, None]
    return np.asarray(sides.reshape(directions.shape), dtype=np.float32)


def _of_best(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(matrix / np.maximum(matrix.max(axis=1, keepdims=True), 1e-6))


def _dots(
    left: Vectors, right: Vectors, query: NDArray[np.int64], title: NDArray[np.int64]
) -> NDArray[np.float32]:
    found = np.empty(len(query), dtype=np.float32)
    for start in range(0, len(query), 20_000):
        part = slice(start, start + 20_000)
        found[part] = np.einsum("ij,ij->i", left[query[part]], right[title[part]])
    return found


def _looked_up(
    matrix: csr_array, query: NDArray[np.int64], title: NDArray[np.int64]
) -> NDArray[np.float32]:
    if not len(query):
        return np.zeros(0, dtype=np.float32)
    return np.asarray(matrix[query, title], dtype=np.float32).ravel()
