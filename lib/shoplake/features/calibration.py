"""How well interest foretells what people do next, and a map that makes it a probability.

Protocol: interest as of a cut, for every person and product with an interaction before it; the
outcome is whether the person did something with (or bought) the product in the horizon after the
cut. A map is fitted on one cut and judged on a later one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from sklearn.isotonic import IsotonicRegression

from shoplake.errors import ShoplakeError
from shoplake.features.interactions import POSITIVE, happened_within, instant

Outcome = Literal["interacted", "purchased"]
OUTCOMES: tuple[Outcome, ...] = ("interacted", "purchased")
_Z = 1.959963984540054  # normal quantile of a 95% interval
# Interest is rounded to this grid before a map is fitted, so at most 1,001 rows are collected.
_GRID = 1000


def outcomes(
    interest: DataFrame, interactions: DataFrame, cut: datetime, horizon_days: int
) -> DataFrame:
    """Interest at a cut beside what happened in (cut, cut + horizon].

    Args:
        interest: gold.interest as of `cut`.
        interactions: the view of `interactions.interactions`, beyond the cut.
        cut: the instant.
        horizon_days: days after the cut.

    Returns:
        person_key, product_id, interest, interacted and purchased (int, 0 or 1).
    """
    end = instant(cut + timedelta(days=horizon_days))
    keys = ["person_key", "product_id"]
    then = (
        interactions.where(happened_within(instant(cut), end))
        .where(F.col("kind").isin(*POSITIVE))
        .groupBy(*keys)
        .agg(F.max((F.col("kind") == "purchase").cast("int")).alias("purchased"))
        .withColumn("interacted", F.lit(1))
    )
    told = interest.where(F.col("as_of") == instant(cut)).select(*keys, "interest")
    return told.join(then, keys, "left").fillna(0, list(OUTCOMES))


def calibration(
    interest: DataFrame,
    interactions: DataFrame,
    cut: datetime,
    horizon_days: int,
    *,
    bins: int = 20,
) -> DataFrame:
    """Reliability table: bins of predicted interest and what people then did.

    Args:
        interest: gold.interest as of `cut`, as it is or through a `Recalibration`.
        interactions: the view of `interactions.interactions`, beyond the cut.
        cut: the instant.
        horizon_days: days after the cut.
        bins: bins of equal width on [0, 1]; empty ones are left out.

    Returns:
        outcome ('interacted' or 'purchased'), bin (int, from 0), pairs (bigint, people-products),
        predicted (mean interest), share (that did so next), low and high (its Wilson 95% interval:
        Wilson 1927, JASA 22).
    """
    place = F.least(F.floor(F.col("interest") * bins), F.lit(bins - 1)).cast("int")
    long = outcomes(interest, interactions, cut, horizon_days).select(
        F.explode(
            F.array(
                *(
                    F.struct(F.lit(name).alias("outcome"), F.col(name).alias("did"))
                    for name in OUTCOMES
                )
            )
        ).alias("_"),
        place.alias("bin"),
        F.round(F.col("interest") * 1e9).cast("bigint").alias("units"),
    )
    n, p = F.col("pairs"), F.col("share")
    centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = F.sqrt(p * (1 - p) / n + _Z**2 / (4 * n * n)) * _Z / (1 + _Z**2 / n)
    return (
        long.groupBy("_.outcome", "bin")
        .agg(
            F.count("*").alias("pairs"),
            (F.sum("units") / F.count("*") / 1e9).alias("predicted"),
            (F.sum("_.did") / F.count("*")).alias("share"),
        )
        .withColumn("low", F.greatest(centre - half, F.lit(0.0)))
        .withColumn("high", F.least(centre + half, F.lit(1.0)))
        .orderBy("outcome", "bin")
    )


def expected_calibration_error(table: DataFrame, outcome: Outcome) -> float:
    """Mean distance of prediction and share over the bins, weighted by pairs.

    (Naeini, Cooper, Hauskrecht 2015, "Obtaining Well Calibrated Probabilities", AAAI.)

    Args:
        table: what `calibration` returns.
        outcome: which outcome to judge by.
    """
    gap = F.abs(F.col("predicted") - F.col("share")) * F.col("pairs")
    row = table.where(F.col("outcome") == outcome).agg(F.sum(gap) / F.sum("pairs")).first()
    return float(row[0]) if row is not None and row[0] is not None else float("nan")


@dataclass(frozen=True)
class Recalibration:
    """A strictly increasing map from interest to the probability of an outcome.

    Attributes:
        outcome: of what the result is the probability.
        horizon_days: within how many days.
        cut: the instant whose outcomes it was fitted on, ISO 8601.
        knots: (interest, probability), both increasing; straight lines between, flat outside.
    """

    outcome: str
    horizon_days: int
    cut: str
    knots: tuple[tuple[float, float], ...]

    def column(self, interest: Column) -> Column:
        """The recalibrated `interest`, as an expression."""
        first, last = self.knots[0], self.knots[-1]
        pieces = F.when(interest <= first[0], F.lit(first[1]))
        for (x0, y0), (x1, y1) in zip(self.knots, self.knots[1:], strict=False):
            pieces = pieces.when(interest <= x1, y0 + (interest - x0) * ((y1 - y0) / (x1 - x0)))
        return pieces.otherwise(F.lit(last[1]))


def fit_recalibration(
    interest: DataFrame,
    interactions: DataFrame,
    cut: datetime,
    horizon_days: int,
    outcome: Outcome = "interacted",
) -> Recalibration:
    """Fit the map on the outcomes of one cut; judge and use it at a later cut only.

    Centred isotonic regression (Oron & Flournoy 2017, "Centered Isotonic Regression"): each flat
    piece of the isotonic fit becomes one knot at its middle, so that no order among pairs is lost.

    Args:
        interest: gold.interest as of `cut`.
        interactions: the view of `interactions.interactions`, beyond the cut.
        cut: the instant.
        horizon_days: days after the cut.
        outcome: what the map makes interest a probability of.

    Raises:
        ShoplakeError: nobody had an interaction before the cut.
    """
    slots = F.round(F.col("interest") * _GRID).cast("int").alias("slot")
    rows = (
        outcomes(interest, interactions, cut, horizon_days)
        .groupBy(slots)
        .agg(F.count("*").alias("pairs"), F.sum(outcome).alias("did"))
        .orderBy("slot")
        .collect()
    )
    if not rows:
        raise ShoplakeError(
            "there is no interest to calibrate",
            where=f"gold.interest as of {cut:%Y-%m-%d %H:%M}",
            remedy="choose a cut after the first interactions",
        )
    x = np.array([row["slot"] for row in rows], dtype=np.float64) / _GRID
    pairs = np.array([row["pairs"] for row in rows], dtype=np.float64)
    did = np.array([row["did"] for row in rows], dtype=np.float64)
    # One pair of the mean share is added to each slot, so that a slot of a few is not certain.
    share = (did + did.sum() / pairs.sum()) / (pairs + 1)
    fitted = IsotonicRegression(y_min=0, y_max=1).fit_transform(x, share, sample_weight=pairs)
    return Recalibration(outcome, horizon_days, cut.isoformat(), _knots(x, fitted, pairs))


def _knots(
    x: NDArray[np.float64], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[tuple[float, float], ...]:
    """One knot for each flat piece of an isotonic fit."""
    pieces = np.cumsum(np.concatenate([[0.0], np.diff(y) > 1e-12])).astype(int)
    return tuple(
        (
            round(float(np.average(x[pieces == piece], weights=weight[pieces == piece])), 6),
            round(float(y[pieces == piece][0]), 6),
        )
        for piece in range(pieces[-1] + 1)
    )
