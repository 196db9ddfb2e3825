"""What a search model must beat: plain words, an untouched encoder, and both added."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.metrics import Values
from shoplake.models.search.lexical import TermIndex, pair_scores

_WORD = re.compile(r"\w+")


class PlainWords:
    """BM25 on lower-case words as they are: no stems, no units, no spelling."""

    def __init__(self, titles: Sequence[str], queries: Sequence[str]) -> None:
        self._titles = [_WORD.findall(t.lower()) for t in titles]
        self._queries = [_WORD.findall(q.lower()) for q in queries]
        self._index = TermIndex(self._titles, k1=1.5)
        self._asked = self._index.queries(self._queries)
        self._held = self._index.queries(self._titles)

    def scores(self, part: slice) -> NDArray[np.float32]:
        """BM25 of every title for some queries [block, T]."""
        return self._index.scores(self._asked[part])

    def features(self, query: NDArray[np.int64], title: NDArray[np.int64]) -> Values:
        """Eight plain word features of pairs, BM25 first [pairs, 8]."""
        bm25 = pair_scores(self._asked, self._index.rows, query, title)
        shared = pair_scores(self._asked, self._held, query, title)
        asked = np.array([max(1, len(q)) for q in self._queries])[query]
        held = np.array([max(1, len(t)) for t in self._titles])[title]
        within = [
            sum(word in text for word in self._queries[q])
            for q, t in zip(query, title, strict=True)
            for text in (" ".join(self._titles[t]),)
        ]
        inside = np.array(within) / asked
        letters = np.array([sum(map(len, q)) for q in self._queries])[query]
        return np.stack(
            [bm25, shared, shared / asked, shared / held, inside, asked, held, letters], axis=1
        )
