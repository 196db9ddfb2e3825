"""Words and letters: BM25 over terms (bm25s) and TF-IDF over character n-grams, as matrices.

BM25 as Lucene scores it (Robertson & Zaragoza 2009, k1 = 1.2, b = 0.75): a sparse matrix of
[titles, terms] whose product with a query's terms is the score of every title at once.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array


class TermIndex:
    """Titles by term, with BM25 weights.

    Attributes:
        columns: term -> column.
        weights: BM25 weight of a term in a title [T, V], CSC for scoring a query at once.
        rows: the same by title, CSR for scoring single pairs.
        idf: inverse document frequency of each term [V].
    """

    def __init__(
        self, titles: Sequence[Sequence[str]], *, k1: float = 1.2, b: float = 0.75
    ) -> None:
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.ERROR)
        if not any(titles):  # bm25s divides by the mean length.
            titles = [[""]] * len(titles)
        vocabulary = sorted({term for title in titles for term in title} | {""})
        self.columns = {term: i for i, term in enumerate(vocabulary)}
        ids = [[self.columns[term] for term in title] for title in titles]
        index = bm25s.BM25(k1=k1, b=b, method="lucene")
        index.index((ids, self.columns), create_empty_token=False, show_progress=False)
        raw = index.scores
        shape = (len(titles), len(vocabulary))
        self.weights = csc_array((raw["data"], raw["indices"], raw["indptr"]), shape=shape)
        self.rows = csr_array(self.weights)
        self.rows.sort_indices()
        used = np.diff(self.weights.indptr)
        self.idf = np.log(1 + (len(titles) - used + 0.5) / (used + 0.5)).astype(np.float32)

    def queries(self, queries: Sequence[Sequence[str]]) -> csr_array:
        """Queries as a matrix of 0 and 1 [Q, V]; unknown terms are in none."""
        rows, columns = [], []
        for row, query in enumerate(queries):
            for term in set(query):
                column = self.columns.get(term)
                if column is not None:
                    rows.append(row)
                    columns.append(column)
        ones = np.ones(len(rows), dtype=np.float32)
        return csr_array((ones, (rows, columns)), shape=(len(queries), len(self.columns)))

    def scores(self, queries: csr_array) -> NDArray[np.float32]:
        """BM25 of every title [Q, T]."""
        found = np.zeros((queries.shape[0], self.weights.shape[0]), dtype=np.float32)
        at, titles, data = self.weights.indptr, self.weights.indices, self.weights.data
        for row in range(queries.shape[0]):
            for column in queries.indices[queries.indptr[row] : queries.indptr[row + 1]]:
                part = slice(at[column], at[column + 1])
                found[row, titles[part]] += data[part]
        return found


class LetterIndex:
    """Titles by character n-grams within words, TF-IDF with cosine; forgiving to any spelling."""

    def __init__(self, titles: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._vectorizer = TfidfVectorizer(
            analyzer="char_wb",
            ngram_range=(3, 4),
            min_df=2 if len(titles) > 1000 else 1,
            sublinear_tf=True,
            dtype=np.float32,
        )
        self.rows = csr_array(self._vectorizer.fit_transform(titles))
        self.columns_of = csc_array(self.rows)

    def queries(self, queries: Sequence[str]) -> csr_array:
        """Queries as unit vectors [Q, n-grams]."""
        return csr_array(self._vectorizer.transform(queries))

    def scores(self, queries: csr_array) -> NDArray[np.float32]:
        """Cosine of every title [Q, T]."""
        at, titles, data = self.columns_of.indptr, self.columns_of.indices, self.columns_of.data
        found = np.zeros((queries.shape[0], self.rows.shape[0]), dtype=np.float32)
        for row in range(queries.shape[0]):
            part = slice(queries.indptr[row], queries.indptr[row + 1])
            for column, weight in zip(queries.indices[part], queries.data[part], strict=True):
                held = slice(at[column], at[column + 1])
                found[row, titles[held]] += weight * data[held]
        return found


def pair_scores(
    queries: csr_array, titles: csr_array, query: NDArray[np.int64], title: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Inner product of each pair (query[i], title[i])."""
    scores = np.empty(len(query), dtype=np.float32)
    for start in range(0, len(query), 50_000):
        part = slice(start, start + 50_000)
        scores[part] = queries[query[part]].multiply(titles[title[part]]).sum(axis=1)
    return scores
