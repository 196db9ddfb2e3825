"""Labelling functions: each looks at one thing of a pair and says a class, or nothing.

Classes are 0 (irrelevant), 1 (related) and 2 (relevant: a grade of 2.5 or more); -1 is no vote.
Their thresholds are quantiles of unlabelled pairs or plain facts, so they need no label.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Votes = NDArray[np.int64]
NONE = -1
#: Class borders in grades.
CUTS = (2.0, 2.5)
#: A class's usual grade, for a shop that has no labels yet.
GRADES = np.array([1.5, 2.2, 2.8])


def _when(*rules: tuple[NDArray[np.bool_], int]) -> Votes:
    """The class of the first rule that holds."""
    found = np.full(len(rules[0][0]), NONE, dtype=np.int64)
    for holds, said in reversed(rules):
        found[holds] = said
    return found


def _all_words(f: pd.DataFrame) -> Votes:
    return _when((f["matched"].to_numpy() >= 0.999, 2), (f["matched"].to_numpy() < 0.34, 0))


def _measures(f: pd.DataFrame) -> Votes:
    asked, met = f["measures"].to_numpy() > 0, f["measures_matched"].to_numpy()
    return _when((asked & (met >= 0.999), 2), (asked & (met <= 0.001), 0))


def _thing(f: pd.DataFrame) -> Votes:
    here, head = f["last"].to_numpy() > 0, f["last_in_head"].to_numpy() > 0
    return _when((head, 2), (here, 1), (~here, 0))


def _first(f: pd.DataFrame) -> Votes:
    other = (f["first_matched"].to_numpy() <= 0) & (f["brand"].to_numpy() <= 0)
    return _when((f["brand"].to_numpy() > 0, 2), (other & (f["query_terms"].to_numpy() > 1), 0))


def _pairs(f: pd.DataFrame) -> Votes:
    return _when(((f["pairs_matched"].to_numpy() > 0.5) & (f["query_terms"].to_numpy() > 1), 2))


def _missing(f: pd.DataFrame) -> Votes:
    missed = f["missed_most"].to_numpy()
    return _when((missed >= np.quantile(missed, 0.85), 0))


def _bands(column: str) -> Callable[[pd.DataFrame], Votes]:
    def vote(f: pd.DataFrame) -> Votes:
        value = f[column].to_numpy()
        low, middle, high = np.quantile(value, [0.2, 0.45, 0.65])
        return _when((value >= high, 2), (value < low, 0), (value < middle, 1))

    return vote


FUNCTIONS: dict[str, Callable[[pd.DataFrame], Votes]] = {
    "all words in the title": _all_words,
    "measures agree or conflict": _measures,
    "the thing asked for is named": _thing,
    "brand agrees or differs": _first,
    "neighbouring words agree": _pairs,
    "a rare word is missing": _missing,
    "bands of cosine": _bands("base"),
    "bands of BM25": _bands("bm25_of_best"),
    "bands of letters": _bands("letters"),
}


def votes(features: pd.DataFrame) -> Votes:
    """What each function says of each pair [pairs, functions].

    Args:
        features: of the pairs, as `models.search.features` makes them.
    """
    return np.stack([vote(features) for vote in FUNCTIONS.values()], axis=1)
