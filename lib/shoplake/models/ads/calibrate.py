"""Scores become probabilities that come true: Platt's curve or isotonic regression."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoplake.models.ads.examples import AdsError, Floats

_EDGE = 1e-6


@dataclass(frozen=True)
class Calibration:
    """A map of probabilities, monotone.

    Attributes:
        kind: "platt" (Platt 1999) or "isotonic" (Zadrozny & Elkan 2002).
        fitted: the scikit-learn model.
    """

    kind: str
    fitted: Any

    def apply(self, probability: Floats) -> Floats:
        """Calibrated probabilities [n], never 0 or 1."""
        if self.kind == "platt":
            found = self.fitted.predict_proba(_logit(probability)[:, None])[:, 1]
        else:
            found = self.fitted.predict(probability)
        return np.clip(np.asarray(found), _EDGE, 1 - _EDGE)


def fit_calibration(
    probability: Floats, response: NDArray[np.bool_], groups: NDArray[np.int64]
) -> Calibration:
    """The map with the smaller log-loss on held-out groups (people) of a validation period.

    Args:
        probability: [n] of a model that has not seen these examples.
        response: [n] what happened.
        groups: [n] whose example it is; a person's examples stay together.

    Raises:
        AdsError: fewer than 2 people responded, or fewer than 2 did not.
    """
    if len(np.unique(groups[response])) < 2 or len(np.unique(groups[~response])) < 2:
        raise AdsError(
            "calibration needs two people with a response and two without",
            remedy="give a longer validation period",
        )
    losses = dict.fromkeys(("platt", "isotonic"), 0.0)
    half = np.random.default_rng(0).permutation(int(groups.max()) + 1)[groups] % 2 == 0
    for train in (half, ~half):
        if not 0 < response[train].sum() < train.sum():
            return Calibration("platt", _fit("platt", probability, response))
        for kind in losses:
            made = Calibration(kind, _fit(kind, probability[train], response[train]))
            said = made.apply(probability[~train])
            truth = response[~train]
            losses[kind] -= float(np.where(truth, np.log(said), np.log1p(-said)).sum())
    kind = min(losses, key=lambda name: losses[name])
    return Calibration(kind, _fit(kind, probability, response))


def calibrated_apart(
    probability: Floats, response: NDArray[np.bool_], groups: NDArray[np.int64]
) -> Floats:
    """Calibrated probabilities [n], of each half of the people by a map that the other half made.

    What a map says of the examples that it was fitted on flatters it, isotonic regression most; to
    judge a model, this is what it would say of others. Arguments as of `fit_calibration`; a half
    with too few responses makes no map, and the other half's stay as they are.
    """
    said = np.clip(probability, _EDGE, 1 - _EDGE)
    half = np.random.default_rng(1).permutation(int(groups.max()) + 1)[groups] % 2 == 0
    for judged in (half, ~half):
        others = ~judged
        with suppress(AdsError):
            made = fit_calibration(probability[others], response[others], groups[others])
            said[judged] = made.apply(probability[judged]) if judged.any() else said[judged]
    return said


def _fit(kind: str, probability: Floats, response: NDArray[np.bool_]) -> Any:
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression

    if kind == "platt":
        return LogisticRegression(C=1e6).fit(_logit(probability)[:, None], response)
    return IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1).fit(probability, response)


def _logit(probability: Floats) -> Floats:
    inside = np.clip(probability, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(inside) - np.log1p(-inside))
