"""How much each word matters: a grade by which of a query's words a title has, lacks and adds.

That a title lacks `white` costs less than that it lacks `faucet`, and one that adds `cartridge` is
a part, not the thing. Ridge regression (Hoerl & Kennard, 1970) of the grades on the words matched,
the words missed, and the words that a title's head adds. As with the encoders there are two, each
learnt on one half of the judged queries and used for the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from shoplake.models.search.judgements import Judgements

_RIDGE = 15.0
_BLOCK = 50_000


class WordWeights:
    """Grades from words alone, for pairs of queries and titles given as matrices of terms."""

    def __init__(
        self,
        judged: Judgements,
        queries: csr_array,
        titles: csr_array,
        heads: csr_array,
        halves: NDArray[np.int64],
    ) -> None:
        """Learn the weights of both halves.

        Args:
            judged: judgements to learn from.
            queries: terms of its queries, 0 or 1 [Q, V].
            titles: terms of every title [T, V].
            heads: terms of every title's head [T, V].
            halves: the half of each query, 0 or 1 [Q].
        """
        from sklearn.linear_model import Ridge

        self._titles = titles
        self._heads = heads
        self._models = []
        for half in (0, 1):
            rows = halves[judged.query] == half
            design = self._design(queries, judged.query[rows], judged.title[rows])
            ridge = Ridge(alpha=_RIDGE, solver="lsqr", tol=1e-4)
            self._models.append(ridge.fit(design, judged.relevance[rows]))

    def grades(
        self,
        queries: csr_array,
        shares: NDArray[np.float32],
        query: NDArray[np.int64],
        title: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        """The grade of each pair.

        Args:
            queries: terms of some queries [Q, V].
            shares: how much each half's weights count for a query [Q, 2].
            query: the query of each pair.
            title: the title of each pair.
        """
        found = np.empty(len(query), dtype=np.float32)
        for start in range(0, len(query), _BLOCK):
            part = slice(start, start + _BLOCK)
            design = self._design(queries, query[part], title[part])
            both = np.stack([model.predict(design) for model in self._models], axis=1)
            found[part] = (both * shares[query[part]]).sum(axis=1)
        return found

    def _design(
        self, queries: csr_array, query: NDArray[np.int64], title: NDArray[np.int64]
    ) -> csr_array:
        asked, heads = queries[query], self._heads[title]
        matched = asked.multiply(self._titles[title])
        added = heads - heads.multiply(asked)
        return csr_array(hstack([matched, asked - matched, added], format="csr"))
