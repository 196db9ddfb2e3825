"""The challenger against the champion on lists that were shown already, whoever made them.

A shop shows a list in a partly random order and logs the probability of each product at its place.
So the log says what a product earns at each place, and from that what the shown products would
have earned in the challenger's order: the item-position model (Li, Abbasi-Yadkori, Kveton,
Muthukrishnan, Vinay & Wen, "Offline evaluation of ranking policies with click models", KDD 2018),
under which a product's reward depends on itself and its place and not on its neighbours. Products
that were not shown cannot be judged from a log; for those there is the canary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shoplake.evaluate.intervals import Interval
from shoplake.evaluate.offpolicy import (
    Log,
    compare,
    effective_rounds,
    interval,
    resampled,
    weights,
)
from shoplake.evaluate.retraining.showings import Floats, Ints, Showings
from shoplake.serve.histories import Histories
from shoplake.serve.scorer import AnyScorer, BlockScorer

_FOLDS, _PEOPLE = 5, 512
#: Of the interval of the mean weight, so that a log that does explore is hardly ever refused.
_RESAMPLES, _SURE = 1000, 0.998


@dataclass(frozen=True)
class Challenge:
    """What the log says; rewards are per impression.

    Attributes:
        lists, impressions: how many were looked at.
        effective: Kish's number of impressions that the challenger's own log would have had to say
            as much.
        found: by estimator, the challenger, the champion and the difference.
        explored: whether the mean weight of both is 1 within its interval, as it is where every
            order may be shown. Where none but one is, the log says nothing of another.
    """

    lists: int
    impressions: int
    effective: float
    found: dict[str, tuple[Interval, Interval, Interval]]
    explored: bool = True

    @property
    def difference(self) -> Interval:
        """Doubly robust: challenger - champion."""
        return self.found["DR"][2]


def item_scores(scorer: AnyScorer, histories: Histories, person: Ints, item: Ints) -> Floats:
    """A model's scores [n] of one item each.

    Args:
        scorer: the model at the lists' instant.
        histories: [P, H] of the people.
        person: [n] row of `histories`.
        item: [n] item_index.
    """
    seen = histories.items, histories.counts, histories.days
    if isinstance(scorer, BlockScorer):
        found = np.zeros(len(person))
        for start in range(0, len(histories.items), _PEOPLE):
            some = slice(start, start + _PEOPLE)
            block = scorer.block(*(part[some] for part in seen))
            at = (person >= start) & (person < start + _PEOPLE)
            found[at] = block[person[at] - start, item[at]]
        return found
    scores = np.einsum("nd,nd->n", scorer.people(*seen)[person], scorer.items[item])
    own = (histories.items[person] == item[:, None]) & (item > 0)[:, None]
    scores = scores + (scorer.own_adjustment(*seen[1:])[person] * own).sum(axis=1)
    return np.asarray(scores, dtype=np.float64)


def challenge(showings: Showings, new: Floats, old: Floats, *, seed: int) -> Challenge:
    """Compare two models' orders of the products that were shown.

    Args:
        showings: n impressions.
        new, old: [n] the challenger's and the champion's score of each impression's product.
        seed: of folds and resamples.
    """
    seat = _seats(showings)
    width = int(seat.max()) + 1
    mine, theirs = (_order(showings, scores, seat, width) for scores in (new, old))
    log = Log(seat, seat, showings.reward, showings.propensity)
    q = _expected(showings, new, old, seat, width, seed)
    return Challenge(
        int(showings.request.max()) + 1,
        len(seat),
        effective_rounds(log, mine),
        compare(log, mine, theirs, q, person=showings.person, seed=seed),
        _explored(log, (mine, theirs), showings.person, seed),
    )


def _explored(log: Log, orders: tuple[Floats, ...], person: Ints, seed: int) -> bool:
    """Whether the mean weight of each order is 1 within its interval over people."""
    for order in orders:
        mean, drawn = resampled(weights(log, order)[:, None], person, seed, _RESAMPLES)
        found = interval(mean[0], drawn[0], _SURE)
        if not found.low <= 1 <= found.high:
            return False
    return True


def _seats(showings: Showings) -> Ints:
    """[n] an impression's number within its list, from 0; a product is known by its seat."""
    starts = np.flatnonzero(np.r_[True, np.diff(showings.request) > 0])
    return np.arange(len(showings.request)) - np.repeat(
        starts, np.diff(np.r_[starts, len(showings.request)])
    )


def _order(showings: Showings, scores: Floats, seat: Ints, width: int) -> Floats:
    """[n, width] one-hot: which product of the list a model would put at each impression's place.

    Its best goes to the first place that is on record, and so on; ties are broken by product.
    """
    ranked = np.lexsort((showings.item, -scores, showings.request))
    chosen = np.zeros((len(seat), width))
    # Impressions are in the order of lists and places, and so is `ranked` of lists and scores.
    chosen[np.arange(len(seat)), seat[ranked]] = 1.0
    return chosen


def _expected(
    showings: Showings, new: Floats, old: Floats, seat: Ints, width: int, seed: int
) -> Floats:
    """[n, width] expected reward of each product of the list at each impression's place.

    Ridge regression on place, both scores, and both by how much a place is looked at; learnt on
    other people than it is asked about (5 folds).
    """
    from sklearn.linear_model import Ridge

    scores = np.stack([_standard(values, showings.request) for values in (new, old)], axis=1)
    places = int(showings.place.max()) + 1

    def features(place: Ints, of: Floats) -> Floats:
        looked_at = 1 / (1.0 + place)[:, None]
        return np.hstack([np.eye(places)[place], of, of * looked_at])

    by_seat = np.zeros((int(showings.request.max()) + 1, width, scores.shape[1]))
    by_seat[showings.request, seat] = scores
    own = features(showings.place, scores)
    folds = np.random.default_rng(seed).permutation(int(showings.person.max()) + 1) % _FOLDS
    fold = folds[showings.person]
    found = np.zeros((len(seat), width))
    for k in np.unique(fold):
        asked = np.flatnonzero(fold == k)
        learnt = np.flatnonzero(fold != k)
        learnt = learnt if len(learnt) else asked
        model = Ridge(alpha=10.0).fit(own[learnt], showings.reward[learnt])
        for column in range(width):
            of = by_seat[showings.request[asked], column]
            found[asked, column] = model.predict(features(showings.place[asked], of))
    return found


def _standard(values: Floats, request: Ints) -> Floats:
    """Scores of a list with mean 0 and variance 1, so that two models' are on one scale."""
    frame = pd.Series(values).groupby(request)
    spread = frame.transform("std", ddof=0).to_numpy()
    return np.asarray((values - frame.transform("mean").to_numpy()) / np.maximum(spread, 1e-9))
