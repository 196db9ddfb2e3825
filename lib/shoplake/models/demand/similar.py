"""What a new item is likely to sell: as much as those whose names share its words."""

from __future__ import annotations

import numpy as np

from shoplake.models.demand.panel import Floats, Ints


def similar_level(
    names: tuple[str, ...], level: Floats, wanted: Ints, *, neighbours: int
) -> Floats:
    """Mean level of the most similar items with a known level [wanted].

    Similarity is the cosine of TF-IDF vectors of words and pairs of words; the weight of a
    neighbour is its similarity. An item that shares no word with any other gets the median level.

    Args:
        names: [S] of all items; without names everybody gets the median.
        level: [S] mean demand a period; NaN where it is not known.
        wanted: series to estimate.
        neighbours: most neighbours of an item.
    """
    known = np.flatnonzero(~np.isnan(level))
    if not len(known):
        return np.zeros(len(wanted), np.float32)
    typical = np.full(len(wanted), np.median(level[known]), np.float32)
    if not names or not any(names) or not len(wanted):
        return typical
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectors = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+").fit_transform(names)
    near = (vectors[wanted] @ vectors[known].T).tocsr()
    for row, item in enumerate(wanted):
        where, alike = (
            near.indices[slice(*near.indptr[row : row + 2])],
            near.data[slice(*near.indptr[row : row + 2])],
        )
        other = known[where] != item
        where, alike = where[other], alike[other]
        best = np.argsort(-alike, kind="stable")[:neighbours]
        if len(best):
            typical[row] = np.average(level[known[where[best]]], weights=alike[best])
    return typical
