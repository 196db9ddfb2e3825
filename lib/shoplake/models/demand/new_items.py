"""Demand of products that nobody has bought yet."""

from __future__ import annotations

import warnings

import numpy as np

from shoplake.models.demand.classic import count_quantiles, started
from shoplake.models.demand.panel import Floats, Panel
from shoplake.models.demand.similar import similar_level

_RECENT = 48
_LEAST_AGE = 12


def new_item_quantiles(
    panel: Panel, origin: int, names: tuple[str, ...], *, neighbours: int
) -> Floats:
    """Quantiles [new, L] of a period's demand, the same for every period ahead.

    The mean is that of similar items (`similar_level`). Its spread is a negative binomial with the
    variance that items of similar names have around that very estimate, so that not knowing the
    item is part of it.

    Args:
        panel: items that have been sold; `names` of both are compared.
        origin: first period forecast.
        names: of the new items.
    """
    known = started(panel, origin)[:, -_RECENT:]
    old = np.flatnonzero(origin - panel.first >= _LEAST_AGE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        own = np.nanmean(known, axis=1)
        spread = np.nanvar(known, axis=1)
    words = tuple(panel.names[i] if panel.names else "" for i in old) + names
    level = np.concatenate([own[old], np.full(len(names), np.nan, np.float32)])
    guess = similar_level(words, level, np.arange(len(words)), neighbours=neighbours)
    error = (own[old] - guess[: len(old)]) ** 2 + spread[old]
    ratio = float(np.median(error / np.maximum(guess[: len(old)], 1e-6))) if len(old) else 1.0
    mean = guess[len(old) :].astype(float)
    return count_quantiles(mean, np.full(len(names), max(ratio, 1.0)))
