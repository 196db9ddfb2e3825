"""The log of what was shown and what it was worth, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyspark.sql import functions as F

from shoplake.serve.instant import instant

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Showings:
    """n impressions of lists, those of a list together and in the order of places.

    Attributes:
        request: [n] which list, 0 to R - 1.
        person: [n] whose, 0 to P - 1.
        item: [n] item_index.
        place: [n] from 0.
        propensity: [n] with which that item stood at that place.
        reward: [n] what came of it.
    """

    request: Ints
    person: Ints
    item: Ints
    place: Ints
    propensity: Floats
    reward: Floats


def shown(
    feedback: DataFrame,
    reward: Mapping[str, float],
    response_days: float,
    since: datetime,
    most: int = 200_000,
    *,
    placed: bool = False,
) -> DataFrame:
    """Impressions with what came of them, one row a list and product.

    Late and repeated responses change nothing: each kind counts once, and only within
    `response_days` of the impression. What a list was worth can be told of any impression; what
    another order would have been worth only where `place` and `propensity` are on record.

    Args:
        feedback: silver.feedback.
        reward: worth by kind of response.
        since: lists shown before it are left out.
        most: newest lists that are looked at.
        placed: only impressions with place and propensity are looked at.

    Returns:
        request_id, person_key, product_id, model_version, place (from 0, or null), propensity (or
        null), reward, at.
    """
    keys = ["request_id", "person_key", "product_id"]
    seen = feedback.where(
        (F.col("kind") == "impression") & (F.col("occurred_at") >= instant(since))
    )
    if placed:
        seen = seen.where("position IS NOT NULL AND propensity IS NOT NULL")
    first = seen.groupBy(*keys).agg(
        F.min_by(
            F.struct("position", "propensity", "model_version", "occurred_at"), "occurred_at"
        ).alias("shown")
    )
    answers = feedback.where(F.col("kind").isin(*reward)).select(*keys, "kind", "occurred_at")
    answered = F.col("occurred_at").between(
        F.col("shown.occurred_at"),
        F.col("shown.occurred_at") + F.expr(f"INTERVAL {int(response_days * 86_400)} SECONDS"),
    )
    worth = reduce(
        lambda total, kind: total + F.max((F.col("kind") == kind).cast("int")) * reward[kind],
        reward,
        F.lit(0.0),
    )
    gained = (
        first.join(answers, keys)
        .where(answered)
        .groupBy(*keys)
        .agg(worth.cast("double").alias("reward"))
    )
    newest = first.groupBy("request_id").agg(F.max("shown.occurred_at").alias("newest"))
    newest = newest.orderBy(F.desc("newest"), "request_id").limit(most).select("request_id")
    return (
        first.join(newest, "request_id", "left_semi")
        .join(gained, keys, "left")
        .select(
            *keys,
            F.col("shown.model_version").alias("model_version"),
            (F.col("shown.position") - 1).alias("place"),
            F.col("shown.propensity").alias("propensity"),
            F.coalesce("reward", F.lit(0.0)).alias("reward"),
            F.col("shown.occurred_at").alias("at"),
        )
    )


def as_arrays(rows: pd.DataFrame) -> Showings:
    """Rows of `shown` with an item_index, as arrays; lists and people are numbered."""
    rows = rows.sort_values(["request_id", "place", "item_index"], ignore_index=True)
    return Showings(
        request=pd.factorize(rows["request_id"], sort=True)[0].astype(np.int64),
        person=pd.factorize(rows["person_key"], sort=True)[0].astype(np.int64),
        item=rows["item_index"].to_numpy(np.int64),
        place=rows["place"].to_numpy(np.int64),
        propensity=rows["propensity"].to_numpy(np.float64),
        reward=rows["reward"].to_numpy(np.float64),
    )
