"""A catalogue made searchable: titles by word, part, letter and meaning, and queries read alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.models.search.encoder import TextEncoder, Vectors
from shoplake.models.search.lexical import LetterIndex, TermIndex
from shoplake.models.search.spelling import Speller
from shoplake.models.search.text import is_measure, terms, words
from shoplake.models.search.titles import pairs, parts


@dataclass(frozen=True)
class Queries:
    """Queries as the index reads them; rows are queries.

    Attributes:
        texts: corrected text.
        terms: corrected terms, 0 or 1 [Q, V].
        raw: terms as typed [Q, V].
        first, last: the first and the last word alone [Q, V].
        pairs: neighbouring terms [Q, P].
        letters: character n-grams, unit vectors.
        known: number of corrected terms, whether the catalogue has them or not [Q].
        vectors: by the untouched base model [Q, width].
        tuned: by the tuned encoders side by side, times `shares` [Q, width * 2]; width 0 if none.
        shares: how much what was learnt on each half of the judged queries counts for the query
            [Q, 2].
    """

    texts: list[str]
    terms: csr_array
    raw: csr_array
    first: csr_array
    last: csr_array
    pairs: csr_array
    letters: csr_array
    known: NDArray[np.float32]
    vectors: Vectors
    tuned: Vectors
    shares: NDArray[np.float32]

    def block(self, part: slice) -> Queries:
        """Some of the queries."""
        return Queries(
            self.texts[part],
            self.terms[part],
            self.raw[part],
            self.first[part],
            self.last[part],
            self.pairs[part],
            self.letters[part],
            self.known[part],
            self.vectors[part],
            self.tuned[part],
            self.shares[part],
        )


class SearchIndex:
    """The titles of a catalogue, indexed once."""

    def __init__(self, titles: Sequence[str], base: TextEncoder) -> None:
        self.titles = list(titles)
        self.texts = [" ".join(words(title)) for title in self.titles]
        self.speller = Speller(self.titles, base.ordinary_words())
        found = [parts(title) for title in self.titles]
        self.terms = TermIndex([p.all for p in found])
        self.pairs = TermIndex([p.pairs for p in found])
        self.all = self.terms.queries([p.all for p in found])
        self.head = self.terms.queries([p.head for p in found])
        self.thing = self.terms.queries([p.thing for p in found])
        self.brand = self.terms.queries([p.brand for p in found])
        self.title_pairs = self.pairs.queries([p.pairs for p in found])
        self.title_terms = self.all.sum(axis=1)
        self.title_idf = self.all @ self.terms.idf
        self.head_idf = self.head @ self.terms.idf
        columns = self.terms.columns
        self.measures = np.array([bool(t) and is_measure(t) for t in columns], dtype=np.float32)
        self.letters = LetterIndex(self.texts)
        self._base = base
        self._tuned: list[TextEncoder] = []
        self.vectors = base.encode_kept(self.texts)
        self.tuned = np.zeros((len(self.titles), 0), dtype=np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of the untouched base model."""
        return self._base.encode(texts)

    def tune(self, encoders: Sequence[TextEncoder]) -> None:
        """Read the titles with tuned encoders as well."""
        self._tuned = list(encoders)
        self.tuned = np.hstack([encoder.encode_kept(self.texts) for encoder in encoders])

    def corrected(self, queries: Sequence[str]) -> list[list[str]]:
        """Each query's words as the catalogue spells them."""
        return [self.speller.correct(query) for query in queries]

    def read(self, queries: Sequence[str], trained_on: NDArray[np.int64] | None = None) -> Queries:
        """Queries ready to be scored.

        Args:
            queries: as typed.
            trained_on: the half that learnt from the query and so must not judge it [Q]; -1 and by
                default none did, and both judge it.
        """
        corrected = self.corrected(queries)
        found = [terms(tokens) for tokens in corrected]
        plain = [[t for t in q if not t[0].isdigit()] or q for q in found]
        texts = [" ".join(tokens) for tokens in corrected]
        matrix = self.terms.queries
        shares = _shares(len(texts), trained_on)
        return Queries(
            texts,
            matrix(found),
            matrix([terms(words(query)) for query in queries]),
            matrix([q[:1] for q in plain]),
            matrix([q[-1:] for q in plain]),
            self.pairs.queries([pairs(q) for q in found]),
            self.letters.queries(texts),
            np.array([max(1, len(set(q))) for q in found], dtype=np.float32),
            self._base.encode(texts),
            self._tuned_vectors(texts, shares),
            shares,
        )

    def _tuned_vectors(self, texts: list[str], shares: NDArray[np.float32]) -> Vectors:
        if not self._tuned:
            return np.zeros((len(texts), 0), dtype=np.float32)
        sides = [e.encode(texts) * shares[:, [i]] for i, e in enumerate(self._tuned)]
        return np.hstack(sides)


def _shares(count: int, trained_on: NDArray[np.int64] | None) -> NDArray[np.float32]:
    shares = np.full((count, 2), 0.5, dtype=np.float32)
    if trained_on is not None:
        learnt = np.flatnonzero(trained_on >= 0)
        shares[learnt] = 1
        shares[learnt, trained_on[learnt]] = 0
    return shares
