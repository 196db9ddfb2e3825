"""What recommendations know about stock: what will run out is not pushed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PLAN = "gold.stock_plan"


def in_supply(items: DataFrame, plan: DataFrame, now: datetime, days: int) -> DataFrame:
    """The items, with `available` false where stock is likelier than not to run out.

    Args:
        items: one `as_of` of gold.item_features.
        plan: gold.stock_plan; its newest `as_of` up to `now` counts, if it is not too old.
        now: the instant of the recommendations.
        days: a plan older than this says nothing; 0: no plan does.
    """
    if not days:
        return items
    since = F.lit(now - timedelta(days=days))
    known = plan.where((F.col("as_of") <= F.lit(now)) & (F.col("as_of") >= since))
    newest = known.agg(F.max("as_of").alias("as_of"))
    short = known.join(newest, "as_of").where("alert = 'shortage'").select("product_id")
    marked = items.join(short.withColumn("_short", F.lit(True)), "product_id", "left")
    supplied = F.col("available") & F.col("_short").isNull()
    return marked.withColumn("available", supplied).drop("_short")
