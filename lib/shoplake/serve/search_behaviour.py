"""What people did, and what draws them, as parts of a product's score from 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.serve.search_clicks import ClickedQueries

Floats = NDArray[np.float64]
_HALF_NEW_DAYS = 60


@dataclass(frozen=True)
class Behaviour:
    """What was known at a time.

    Attributes:
        clicked: clicks by query; None where nobody searched yet.
        popular: popularity of each product [T].
        new: newness of each product [T].
    """

    clicked: ClickedQueries | None
    popular: Floats
    new: Floats


def popularity(people: Floats) -> Floats:
    """Popularity of products that so many people bought lately [T]."""
    logs = np.log1p(people)
    return np.asarray(logs / max(logs.max(initial=0), 1e-6))


def newness(first_at: pd.Series, time: datetime) -> Floats:
    """Newness at a time: 1 up to a product's first day, half of it 60 days later [T].

    Args:
        first_at: since when each product is there; 0 where that is not known.
        time: the time.
    """
    days = (time - first_at).dt.total_seconds().to_numpy(dtype=float) / 86_400
    return np.nan_to_num(np.exp2(-np.maximum(days, 0) / _HALF_NEW_DAYS))


def cheapness(prices: Floats) -> Floats:
    """Share of the priced products that cost more, with half of those that cost the same [T].

    One half where there is no price.
    """
    known = ~np.isnan(prices)
    found = np.full(len(prices), 0.5)
    ranks = pd.Series(prices[known]).rank(ascending=False, method="average")
    found[known] = (ranks.to_numpy() - 0.5) / max(int(known.sum()), 1)
    return found
