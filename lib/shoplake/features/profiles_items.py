"""Products as profiles need them: category, brand, price, and the usual price of their kind."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

#: Fewer priced products of a category than this have no bands and no middle price.
LEAST_PRICED = 6
BANDS = ("lower", "middle", "upper")


def profiled_items(known: DataFrame, products: DataFrame, now: Column) -> DataFrame:
    """One row a product that was sold or described before `now`.

    Args:
        known: interactions before `now`.
        products: silver.products.
        now: nothing at or after this instant is used.

    Returns:
        product_id, category, brand, price_band (`BANDS`: the third of its category that its price
        lies in), usual (its own median price paid), varies (whether it was sold at several
        prices), middle (median price of its category; null where few products have a price).
    """
    version = F.max_by(F.struct("category", "brand", "price"), "valid_from").alias("_")
    named = products.where(F.col("valid_from") < now).groupBy("product_id").agg(version)
    price = F.when(F.col("kind") == "purchase", F.col("unit_price"))
    paid = known.groupBy("product_id").agg(
        F.median(price.cast("double")).alias("usual"),
        (F.max(price) > F.min(price)).alias("varies"),
    )
    items = paid.join(named, "product_id", "full").select(
        "product_id",
        "_.category",
        "_.brand",
        "usual",
        F.coalesce("varies", F.lit(False)).alias("varies"),
        F.coalesce("usual", F.col("_.price").cast("double")).alias("price"),
        # Products without a category are compared with each other.
        F.coalesce("_.category", F.lit("")).alias("_of"),
    )
    borders = items.groupBy("_of").agg(
        F.when(
            F.count("price") >= LEAST_PRICED, F.percentile("price", [1 / 3, 1 / 2, 2 / 3])
        ).alias("_borders")
    )
    lower, middle, upper = BANDS
    band = (
        F.when(F.col("price") <= F.col("_borders")[0], lower)
        .when(F.col("price") <= F.col("_borders")[2], middle)
        .when(F.col("price").isNotNull() & F.col("_borders").isNotNull(), upper)
    )
    return items.join(borders, "_of").select(
        "product_id",
        "category",
        "brand",
        band.alias("price_band"),
        "usual",
        "varies",
        F.col("_borders")[1].alias("middle"),
    )
