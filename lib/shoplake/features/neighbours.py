"""How often two products are looked at, or bought, together: the counts behind neighbours."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.features.interactions import happened_before, instant

#: kind of a basket -> the interactions that put a product into it.
TOGETHER = {"view": ("view", "click"), "purchase": ("purchase",)}


def pair_counts(
    interactions: DataFrame, as_of: datetime, *, largest_basket: int, least: int
) -> DataFrame:
    """Pairs of products that share baskets; a basket is an order, or a session's views.

    Only products of one basket are paired, never the catalogue with itself, and of a basket of
    more than `largest_basket` products that many are drawn evenly, so that a wholesale order does
    not count a million pairs.

    Args:
        interactions: the view of `interactions.interactions`.
        as_of: nothing at or after this instant is used.
        largest_basket: most products of a basket that are paired.
        least: fewest baskets that a pair shares.

    Returns:
        together ('view' or 'purchase'), product_id, neighbour_id, n (baskets with both), own and
        theirs (baskets with each), baskets (in all, of more than one product or not); both
        directions of each pair.
    """
    kind = F.lit(None).cast("string")
    for name, kinds in TOGETHER.items():
        kind = F.when(F.col("kind").isin(*kinds), name).otherwise(kind)
    each = (
        interactions.where(happened_before(instant(as_of)) & F.col("basket").isNotNull())
        .withColumn("together", kind)
        .where("together IS NOT NULL")
        .groupBy("together", "basket")
        .agg(F.collect_set("product_id").alias("all"))
        .withColumn(
            "products",
            F.slice(
                F.array_sort(
                    F.transform(
                        "all",
                        lambda p: F.struct(F.xxhash64("basket", p).alias("h"), p.alias("p")),
                    )
                ),
                1,
                largest_basket,
            )["p"],
        )
    )
    single = (
        each.select("together", F.explode("products").alias("product_id"))
        .groupBy("together", "product_id")
        .agg(F.count("*").alias("own"))
    )
    total = each.groupBy("together").agg(F.count("*").alias("baskets"))
    pairs = (
        each.select("together", "products", F.explode("products").alias("product_id"))
        .select("together", "product_id", F.explode("products").alias("neighbour_id"))
        .where("product_id <> neighbour_id")
        .groupBy("together", "product_id", "neighbour_id")
        .agg(F.count("*").alias("n"))
        .where(F.col("n") >= least)
    )
    theirs = single.withColumnsRenamed({"product_id": "neighbour_id", "own": "theirs"})
    return (
        pairs.join(F.broadcast(single), ["together", "product_id"])
        .join(F.broadcast(theirs), ["together", "neighbour_id"])
        .join(F.broadcast(total), "together")
        .select("together", "product_id", "neighbour_id", "n", "own", "theirs", "baskets")
    )


def products_at(products: DataFrame, index: DataFrame, as_of: datetime) -> DataFrame:
    """The products of `index` as described before `as_of`.

    Args:
        products: silver.products.
        index: product_id, name and available, as gold.item_features has them as of then.

    Returns:
        product_id, name, available, and category, brand, description and attributes (JSON), null
        where nobody says.
    """
    about = F.struct("category", "brand", "description", "attributes")
    newest = (
        products.where(F.col("valid_from") < instant(as_of))
        .groupBy("product_id")
        .agg(F.max_by(about, "valid_from").alias("_"))
        .select("product_id", "_.*")
    )
    return index.select("product_id", "name", "available").join(newest, "product_id", "left")
