"""Clicks in search results as votes, with the position's own attraction taken out.

A product's clicks for a query are set against those its positions would have had for any product
("clicks over expected clicks", Zhang & Jones, WWW 2007), smoothed towards 1; more than expected
votes for it, and the votes of similar queries count by their similarity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.models.search.encoder import Vectors, inner_products

#: Expected clicks that the prior "as clicked as any" is worth.
PRIOR = 0.5
_LEAST = 0.6
_NEIGHBOURS = 10


class Encodes(Protocol):
    """Whatever turns queries into vectors."""

    def encode_kept(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors [texts, width]."""
        ...


class ClickedQueries:
    """Earlier queries with how much more than expected each product was clicked for them."""

    def __init__(self, shown: pd.DataFrame, encoder: Encodes, products: int) -> None:
        """Count.

        Args:
            shown: query, product (row of the catalogue), position, clicked; one row an impression
                in a list of search results.
            encoder: the encoder of the products.
            products: size of the catalogue.
        """
        counts = over_expected(shown, "product")
        vote = np.clip(np.log2(counts["ratio"].to_numpy(dtype=float)), 0, 2) / 2
        queries = np.unique(counts["query"].to_numpy(dtype=object))
        at = np.searchsorted(queries, counts["query"].to_numpy(dtype=object))
        self._votes = csr_array(
            (vote, (at, counts["product"].to_numpy(dtype=np.int64))),
            shape=(len(queries), products),
        )
        self._vectors = encoder.encode_kept(queries.tolist())

    def votes(self, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """A vote from 0 to 1 for each product, of queries similar to this one [T]."""
        cosines = inner_products(vector[None], self._vectors)[0]
        near = np.argsort(-cosines)[:_NEIGHBOURS]
        near = near[cosines[near] >= _LEAST]
        weights = np.zeros(len(cosines))
        weights[near] = cosines[near] ** 4
        found = np.asarray(self._votes.T @ weights)
        return found / max(1.0, float(weights.sum()))


def over_expected(shown: pd.DataFrame, thing: str) -> pd.DataFrame:
    """Clicks of each query and thing over those that their positions would have had anyway.

    Args:
        shown: query, `thing`, position, clicked (0 or 1); one row each time it was shown.
        thing: the column that names what was shown.

    Returns:
        query, `thing`, clicked, expected (clicks), ratio: smoothed towards 1.
    """
    rate = shown.groupby("position")["clicked"].mean()
    shown = shown.assign(expected=shown["position"].map(rate))
    counts = shown.groupby(["query", thing], as_index=False)[["clicked", "expected"]].sum()
    return counts.assign(ratio=(counts["clicked"] + PRIOR) / (counts["expected"] + PRIOR))
