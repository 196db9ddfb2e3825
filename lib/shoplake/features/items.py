"""Products as models see them: a stable dense index, popularity, price, availability."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.features.interactions import happened_before, instant

# People who did one of these count towards an item's popularity.
ENGAGED = ("click", "purchase")
SOLD_LATELY_DAYS = 90


def item_index(interactions: DataFrame, as_of: datetime) -> DataFrame:
    """A dense number for each product that anybody had touched before `as_of`.

    Products are numbered by their first interaction, ties by product_id: a function of the data
    alone, however it was cut into batches. The work is one sort of as many rows as there are
    products.

    Args:
        interactions: the view of `interactions.interactions`.
        as_of: nothing at or after this instant is used.

    Returns:
        product_id, item_index (int, 1 to N).
    """
    first = (
        interactions.where(F.col("at") < instant(as_of))
        .groupBy("product_id")
        .agg(F.min("at").alias("first_at"))
    )
    number = F.row_number().over(Window.partitionBy(F.lit(0)).orderBy("first_at", "product_id"))
    return first.select("product_id", number.alias("item_index"))


def item_features(
    interactions: DataFrame, products: DataFrame, index: DataFrame, as_of: datetime
) -> DataFrame:
    """Rows of gold.item_features: one for each product of `index`.

    An item is available when its product version is current with stock unknown or above 0 and,
    in a shop that reports orders alone, somebody bought it in the last 90 days.

    Args:
        interactions: the view of `interactions.interactions`.
        products: silver.products (all versions; the one valid at `as_of` is used).
        index: what `item_index` returns.
        as_of: nothing at or after this instant is used.
    """
    now = instant(as_of)
    lately = F.col("purchases_90d") > 0
    in_stock = F.col("stock").isNull() | (F.col("stock") > 0)
    shop = F.substring_index("product_id", ":", 1)
    known = interactions.where(happened_before(now))
    return (
        index.join(_use(known, now), "product_id", "left")
        .join(_version_at(products, now), "product_id", "left")
        .withColumn("shop", shop)
        .join(F.broadcast(_shops_with_behaviour(known)), "shop", "left")
        .select(
            "product_id",
            now.alias("as_of"),
            "item_index",
            F.coalesce("name", "product_id").alias("name"),
            "category",
            F.coalesce("text", "name", "product_id").alias("text"),
            F.coalesce("paid", F.col("list_price").cast("double")).alias("price"),
            *(
                F.coalesce(name, F.lit(0)).cast("int").alias(name)
                for name in ("purchases_total", "purchases_30d", "people_30d", "views_30d")
            ),
            F.log1p(F.coalesce("engaged_30d", F.lit(0))).alias("log_popularity"),
            F.coalesce(
                F.col("is_valid") & in_stock & (F.col("has_behaviour").isNotNull() | lately),
                F.lit(False),
            ).alias("available"),
        )
    )


def _use(known: DataFrame, now: Column) -> DataFrame:
    """How much each product was used, overall and in the last days before `now`."""
    bought = F.col("kind") == "purchase"
    month = newer_than(30, now)
    return known.groupBy("product_id").agg(
        F.count_if(bought).alias("purchases_total"),
        F.count_if(bought & month).alias("purchases_30d"),
        F.count_if(bought & newer_than(SOLD_LATELY_DAYS, now)).alias("purchases_90d"),
        F.count_if(F.col("kind").isin("view", "click") & month).alias("views_30d"),
        F.count_distinct(F.when(bought & month, F.col("person_key"))).alias("people_30d"),
        engaged_people(month).alias("engaged_30d"),
        F.median(F.when(bought, F.col("unit_price")).cast("double")).alias("paid"),
    )


def _version_at(products: DataFrame, now: Column) -> DataFrame:
    """The newest version of each product that began before `now`."""
    version = F.struct(
        "name",
        "category",
        "text",
        F.col("price").alias("list_price"),
        "stock",
        (F.col("valid_to").isNull() | (F.col("valid_to") >= now)).alias("is_valid"),
    )
    return (
        products.where(F.col("valid_from") < now)
        .groupBy("product_id")
        .agg(F.max_by(version, "valid_from").alias("_"))
        .select("product_id", "_.*")
    )


def _shops_with_behaviour(known: DataFrame) -> DataFrame:
    return (
        known.where(F.col("kind").isin("view", "click", "cart"))
        .select(
            F.substring_index("product_id", ":", 1).alias("shop"),
            F.lit(True).alias("has_behaviour"),
        )
        .distinct()
    )


def newer_than(days: int, now: Column) -> Column:
    """Whether `at` is within the last `days` days before `now`."""
    return F.unix_micros("at") >= F.unix_micros(now) - days * 86_400_000_000


def engaged_people(when: Column) -> Column:
    """People who clicked or bought (an aggregate), among the rows where `when` holds."""
    return F.count_distinct(F.when(when & F.col("kind").isin(*ENGAGED), F.col("person_key")))
