"""How much to bid, so that a budget lasts and goes where it earns most."""

from __future__ import annotations

import numpy as np

from shoplake.models.ads.examples import Floats

_STEPS = 50


def paced_bids(
    click: Floats, value: Floats, *, budget: float, limit: float, least: float = 0.01
) -> Floats:
    """Bids a click [n]: the value of a click, times one factor that keeps to the budget.

    Multiplicative pacing: bidding the same share of every value spends a budget where a unit of
    money earns most (Borgs et al., "Dynamics of bid optimization in online advertisement auctions",
    WWW 2007; Balseiro & Gur, Management Science 2019). Expected cost is click x bid, summed. Where
    everything can be afforded the factor is 1 and no more is bid than a click is worth.

    Args:
        click: [n] probability of a click.
        value: [n] expected margin of showing, before what the click costs.
        budget: money for all together.
        limit: most money for one click.
        least: a smaller bid is none.
    """
    worth = value / np.maximum(click, 1e-9)

    def bids(factor: float) -> Floats:
        bid = np.floor(np.minimum(factor * worth, limit) * 1e4) / 1e4
        return np.where(bid < least, 0.0, bid)

    if float((click * bids(1.0)).sum()) <= budget:
        return bids(1.0)
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if float((click * bids(middle)).sum()) <= budget:
            low = middle
        else:
            high = middle
    return bids(low)
