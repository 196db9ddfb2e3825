"""The degree to which a person is interested in a product, from what the person did with it.

    evidence = sum over kinds of  weight * log2(1 + sum over interactions of 2^(-age / half_life))
    interest = max(1 - exp(-evidence), purchase_floor * 2^(-age of last purchase / half_life))

clipped to [0, 1]; docs/labels.md says why and how well it foretells what people do next.
"""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.features.interactions import happened_before, instant
from shoplake.features.settings import InterestSettings

_DAY = 86_400.0
# Decayed counts are added as whole numbers of this unit: such sums do not depend on their order.
_UNIT = 1e9
_COUNTED = ("view", "click", "cart", "purchase", "return")


def degree(
    rows: DataFrame, keys: list[str], settings: InterestSettings, age: Column | None = None
) -> DataFrame:
    """Degree of interest for each combination of `keys`.

    Args:
        rows: interactions, at least the keys, kind and at.
        keys: columns to group by.
        settings: weights and half-lives.
        age: days since each interaction; None means nothing has faded.

    Returns:
        keys, interest (double, [0, 1]), views, clicks, carts, purchases, returns (int), last_at.
    """
    days = F.lit(0.0) if age is None else age
    kind = F.col("kind")

    def fresh(name: str) -> Column:
        return F.pow(F.lit(2.0), -days / settings.kinds[name].half_life_days)

    def mass(name: str) -> Column:
        units = F.round(fresh(name) * _UNIT).cast("bigint")
        return F.sum(F.when(kind == name, units).otherwise(0)) / _UNIT

    evidence = sum(
        (F.log2(1 + mass(name)) * said.weight for name, said in settings.kinds.items()), F.lit(0.0)
    )
    floor = F.max(F.when(kind == "purchase", fresh("purchase")).otherwise(0.0))
    interest = F.greatest(
        1 - F.exp(-F.greatest(evidence, F.lit(0.0))), floor * settings.purchase_floor
    )
    return rows.groupBy(*keys).agg(
        interest.alias("interest"),
        *(F.count_if(kind == name).cast("int").alias(f"{name}s") for name in _COUNTED),
        F.max("at").alias("last_at"),
    )


def interest(interactions: DataFrame, as_of: datetime, settings: InterestSettings) -> DataFrame:
    """Rows of gold.interest: one for each person and product with an interaction before `as_of`.

    Args:
        interactions: the view of `interactions.interactions`.
        as_of: nothing at or after this instant is used.
        settings: weights and half-lives.
    """
    now = instant(as_of)
    age = (F.unix_micros(now) - F.unix_micros("at")) / (_DAY * 1e6)
    return degree(
        interactions.where(happened_before(now)), ["person_key", "product_id"], settings, age
    ).select(
        "person_key",
        "product_id",
        now.alias("as_of"),
        "interest",
        *(f"{name}s" for name in _COUNTED),
        "last_at",
    )
