"""What happened when something was shown, with what was known of person and product before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.models.ads.calibrate import Calibration, calibrated_apart, fit_calibration
from shoplake.models.ads.examples import AdsError, Examples, Floats
from shoplake.models.ads.responses import ResponseModel, fit_response
from shoplake.models.ads.settings import AdsConfig

_NAMES = (
    "person shown",
    "person click rate",
    "person purchases",
    "product shown",
    "product click rate",
    "product purchase rate",
    "person clicks in category",
    "person purchases in category",
    "person clicks on product",
    "person purchases of product",
    "log price",
    "position",
)
_OUTCOMES = ("clicked", "bought")
_VALIDATION = 0.3
#: The baseline: everybody responds to everything with the same probability.
SAME = "same for all"


class Tally:
    """Sums of values a key before a day."""

    def __init__(self, key: NDArray[np.int64], day: NDArray[np.int64], values: Floats) -> None:
        self._days = int(day.max(initial=0)) + 2
        code = key * self._days + day
        self._codes, place = np.unique(code, return_inverse=True)
        sums = np.stack([np.bincount(place, v, len(self._codes)) for v in values.T], axis=1)
        self._total = np.cumsum(sums, axis=0)

    def before(self, key: NDArray[np.int64], day: NDArray[np.int64]) -> Floats:
        """Sums [n, V] over the key's rows of earlier days; 0 for a key without any."""
        if not len(self._codes):
            return np.zeros((len(key), self._total.shape[1]))
        padded = np.concatenate([np.zeros_like(self._total[:1]), self._total])
        end = np.searchsorted(self._codes, key * self._days + np.minimum(day, self._days - 1))
        start = np.searchsorted(self._codes, key * self._days)
        return np.asarray(padded[end] - padded[start])


@dataclass(frozen=True)
class Showings:
    """Past impressions with their outcome, and tallies of them.

    Attributes:
        rows: person, product, category (codes from 0), day (from 0), position, log_price, clicked,
            bought.
        sizes: how many people, products and categories there are.
    """

    rows: pd.DataFrame
    sizes: tuple[int, int, int]

    def examples(self, asked: pd.DataFrame) -> Examples:
        """Features of impressions that were or could be, from what was shown on earlier days."""
        rows, (_, products, categories) = self.rows, self.sizes
        done = np.stack([np.ones(len(rows)), rows["clicked"], rows["bought"]], axis=1).astype(float)
        day, now = rows["day"].to_numpy(), asked["day"].to_numpy()

        def tally(key: str, other: str | None = None, size: int = 0) -> Floats:
            def code(of: pd.DataFrame) -> NDArray[np.int64]:
                first = of[key].to_numpy(np.int64)
                return first if other is None else first * size + of[other].to_numpy(np.int64)

            return Tally(code(rows), day, done).before(code(asked), now)

        person, product = tally("person"), tally("product")
        liked, own = tally("person", "category", categories), tally("person", "product", products)
        overall = Tally(np.zeros_like(day), day, done).before(np.zeros_like(now), now)
        rate = (overall + np.array([0.0, 1.0, 0.1])) / (overall[:, :1] + 20)
        columns = [
            np.log1p(person[:, 0]),
            (person[:, 1] + 20 * rate[:, 1]) / (person[:, 0] + 20),
            np.log1p(person[:, 2]),
            np.log1p(product[:, 0]),
            (product[:, 1] + 20 * rate[:, 1]) / (product[:, 0] + 20),
            (product[:, 2] + 20 * rate[:, 2]) / (product[:, 0] + 20),
            np.log1p(liked[:, 1]),
            np.log1p(liked[:, 2]),
            np.log1p(own[:, 1]),
            np.log1p(own[:, 2]),
            asked["log_price"].to_numpy(float),
            asked["position"].to_numpy(float),
        ]
        return Examples(
            np.stack(columns, axis=1).astype(np.float32),
            asked[["category"]].to_numpy(np.int64) + 1,
            (categories + 1,),
            _NAMES,
            ("category",),
        )


@dataclass(frozen=True)
class Judged:
    """What was said of the last days, and what happened.

    Attributes:
        person: [n] whose impression it is, as in `Showings.rows`.
        happened: [n] whether there was a response.
        said: model -> probability [n], calibrated by other people's responses; `SAME` among them.
    """

    person: NDArray[np.int64]
    happened: NDArray[np.bool_]
    said: dict[str, Floats]


@dataclass(frozen=True)
class Response:
    """Calibrated models of one outcome.

    Attributes:
        name: which model was chosen.
        model: fitted on all days.
        calibration: learnt on the last days, which the first fit had not seen.
        log_loss: model -> on those days, `SAME` among them.
        judged: on those days.
    """

    name: str
    model: ResponseModel
    calibration: Calibration
    log_loss: dict[str, float]
    judged: Judged

    def __str__(self) -> str:
        losses = ", ".join(f"{name} {loss:.4f}" for name, loss in self.log_loss.items())
        return f"{self.name}, {self.calibration.kind} (log-loss of the last days: {losses})"

    def probability(self, examples: Examples) -> Floats:
        """Calibrated probability [n]."""
        return self.calibration.apply(self.model.probability(examples))


def learn_responses(showings: Showings, config: AdsConfig) -> dict[str, Response]:
    """Models of "clicked" and "bought", chosen and calibrated on the last 30% of the days.

    Raises:
        AdsError: too little was shown, or nobody responded.
    """
    rows = showings.rows
    examples = showings.examples(rows)
    cut = np.quantile(rows["day"], 1 - _VALIDATION)
    late = rows["day"].to_numpy() > cut
    early, held = np.flatnonzero(~late), np.flatnonzero(late)
    if not len(early) or not len(held):
        raise AdsError(
            "impressions of one day cannot be split by time",
            where="silver.events, silver.feedback",
            remedy="bring impressions and clicks of at least a few days",
        )
    found = {}
    for outcome in _OUTCOMES:
        response = rows[outcome].to_numpy(np.bool_)
        truth, who = response[held], rows["person"].to_numpy(np.int64)[held]
        fitted: dict[str, Calibration] = {}
        told = {SAME: np.full(len(held), response[early].mean())}
        for name in config.models:
            first = fit_response(name, examples.take(early), response[early], config)
            said = first.probability(examples.take(held))
            fitted[name] = fit_calibration(said, truth, who)
            told[name] = calibrated_apart(said, truth, who)
        loss = {name: _log_loss(truth, said) for name, said in told.items()}
        best = min(config.models, key=lambda name: loss[name])
        final = fit_response(best, examples, response, config)
        judged = Judged(who, truth, told)
        found[outcome] = Response(best, final, fitted[best], loss, judged)
    return found


def _log_loss(truth: NDArray[np.bool_], said: Floats) -> float:
    inside = np.clip(said, 1e-9, 1 - 1e-9)
    return float(-np.where(truth, np.log(inside), np.log1p(-inside)).mean())
