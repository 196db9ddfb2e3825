"""What a search model must beat: plain words, an untouched encoder, and both added."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shoplake.models.search.lexical import TermIndex, pair_scores

_WORD = re.compile(r"\w+")


class PlainWords:
    """BM25 on lower-case words as they are: no stems, no units, no spelling."""

    def __init__(self, titles: Sequence[str], queries: Sequence[str]) -> None:
        self._index = TermIndex([_WORD.findall(t.lower()) for t in titles], k1=1.5)
        self._asked = self._index.queries([_WORD.findall(q.lower()) for q in queries])

    def scores(self, part: slice) -> NDArray[np.float32]:
        """BM25 of every title for some queries [block, T]."""
        return self._index.scores(self._asked[part])

    def pairs(self, query: NDArray[np.int64], title: NDArray[np.int64]) -> NDArray[np.float32]:
        """BM25 of pairs."""
        return pair_scores(self._asked, self._index.rows, query, title)
