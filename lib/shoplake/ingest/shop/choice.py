"""The choice model: how much a person wants an item, what they click, what they buy.

Random utility (McFadden 1974, "Conditional logit analysis of qualitative choice behavior"): person
p gets from item i on day d

    u = taste * (t_category + t_style + t_colour + t_material)         person's latent tastes
      - price * sensitivity * ln(price_i,d / median price of the category)
      + popularity * (appeal_i + trend_i,d)
      + novelty * exp(-(days since launch) / 14)                       late launches only
      + repeat_consumable | -repeat_durable                            if p bought i before

and clicks in a list by multinomial logit with an outside option of utility `no_click`. Position k
is looked at with probability k^-position_bias, as in the position-based click model (Craswell,
Zoeter, Taylor & Ramsey 2008, "An experimental comparison of click position-bias models"); as an
alternative-specific constant of the logit that is + ln k^-position_bias:

    P(click i at k) = k^-b e^u_i / (e^no_click + sum_j k_j^-b e^u_j)

After a click the item leaves the list and the person chooses again, `most_clicks` times at most.
A clicked item is bought with probability sigmoid(purchase_intercept + purchase_slope * u).
The parameters are in `conf/shop.yml`; `respond` uses the same functions as ordinary behaviour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shoplake.ingest.shop.config import ChoiceSettings

Floats = NDArray[np.float64]


def examination(positions: int, choice: ChoiceSettings) -> Floats:
    """Probability that each position 1..n is looked at, shape (positions,)."""
    return np.arange(1, positions + 1, dtype=np.float64) ** -choice.position_bias


def click_probabilities(utilities: Floats, seen: Floats, choice: ChoiceSettings) -> Floats:
    """Probability that the next click falls on each item, shape (n,); the rest is "no click".

    Args:
        utilities: utility of each listed item, shape (n,).
        seen: probability that its position is looked at, 0 for an item clicked already, shape (n,).
    """
    attraction = seen * np.exp(utilities)
    return attraction / (np.exp(choice.no_click) + attraction.sum())


def purchase_probability(utilities: Floats, choice: ChoiceSettings) -> Floats:
    """Probability that a clicked item is bought, same shape as `utilities`."""
    score = choice.purchase_intercept + choice.purchase_slope * utilities
    return 1.0 / (1.0 + np.exp(-score))


def draw_clicks(rng: np.random.Generator, utilities: Floats, choice: ChoiceSettings) -> list[int]:
    """Indices of the items that are clicked, in the order of the clicks."""
    seen = examination(len(utilities), choice)
    clicked: list[int] = []
    for _ in range(min(choice.most_clicks, len(utilities))):
        limits = np.cumsum(click_probabilities(utilities, seen, choice))
        picked = int(np.searchsorted(limits, rng.random(), side="right"))
        if picked == len(utilities):
            break
        clicked.append(picked)
        seen[picked] = 0.0
    return clicked


def list_value(utilities: Floats, choice: ChoiceSettings) -> float:
    """Expected number of purchases from one showing of a list, exact over all orders of clicks.

    Args:
        utilities: utility of the item at each position, shape (n,).
    """
    n, bought = len(utilities), purchase_probability(utilities, choice)
    # One row for each way to have clicked so far: the attraction left, and how likely it is.
    left, likely, total = np.exp(utilities)[None, :] * examination(n, choice), np.ones(1), 0.0
    for turn in range(min(choice.most_clicks, n)):
        if turn:
            left = (left[:, None, :] * (1.0 - np.eye(n))).reshape(-1, n)
        clicks = (
            likely[:, None] * left / (np.exp(choice.no_click) + left.sum(axis=1, keepdims=True))
        )
        total += float((clicks @ bought).sum())
        likely = clicks.ravel()
    return total


def best_list(utilities: Floats, length: int) -> NDArray[np.intp]:
    """Indices of the `length` highest utilities, highest first, ties by index.

    The list to measure regret against. Purchase probability rises with utility, so hardly a list
    sells more (one of weak items around the strongest can, as they distract less from it).
    """
    return np.argsort(-utilities, kind="stable")[:length]
