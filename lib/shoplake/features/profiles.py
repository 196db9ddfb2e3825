"""What is known of a person, without who the person is."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.features.interactions import MONEY, POSITIVE, instant, stood


def user_profiles(
    interactions: DataFrame,
    interest: DataFrame,
    products: DataFrame,
    people: DataFrame,
    as_of: datetime,
    *,
    history_length: int,
) -> DataFrame:
    """Rows of gold.user_profiles: one for each person with an interaction before `as_of`.

    Spend is net: what was bought less what was taken back, product by product, never below 0.
    The favourite category (brand) is the one with the most interest summed over its products.

    Args:
        interactions: the view of `interactions.interactions`.
        interest: gold.interest as of `as_of`.
        products: silver.products.
        people: silver.people.
        as_of: nothing at or after this instant is used.
        history_length: most products in `history`.
    """
    now = instant(as_of)
    known = interactions.where(F.col("at") < now)
    told = interest.where(F.col("as_of") == now)
    return (
        known.groupBy("person_key")
        .agg(*_activity(now))
        .join(_purchases(known, now, history_length), "person_key", "left")
        .join(_favourites(told, products, now), "person_key", "left")
        .join(_main_platform(known), "person_key", "left")
        .join(people.select("person_key", "segment"), "person_key", "left")
        .select(
            "person_key",
            now.alias("as_of"),
            "orders",
            "items",
            "spend",
            "recency_days",
            "tenure_days",
            "main_platform",
            "favourite_category",
            "favourite_brand",
            "mean_price",
            "history",
            "segment",
        )
    )


def _activity(now: Column) -> tuple[Column, ...]:
    bought = (F.col("kind") == "purchase") & stood(now)
    price = F.when(bought, F.col("unit_price"))

    def days_since(at: Column) -> Column:
        return F.floor((F.unix_micros(now) - F.unix_micros(at)) / 86_400_000_000).cast("int")

    return (
        F.count_distinct(F.when(bought, F.col("basket"))).cast("int").alias("orders"),
        days_since(F.max("at")).alias("recency_days"),
        days_since(F.min("at")).alias("tenure_days"),
        F.avg(price).cast("double").alias("mean_price"),
    )


def _purchases(known: DataFrame, now: Column, length: int) -> DataFrame:
    """items, spend and history of each person, from sums over each product."""
    amount = F.coalesce("amount", F.lit(0).cast(MONEY))
    signed = F.when(F.col("kind") == "purchase", amount).when(F.col("kind") == "return", -amount)
    standing = F.col("kind").isin(*POSITIVE) & stood(now)
    newest = F.struct((-F.unix_micros("last_at")).alias("newest"), "product_id")
    return (
        known.groupBy("person_key", "product_id")
        .agg(
            F.greatest(F.sum(signed), F.lit(0)).alias("spend"),
            F.max(F.when(standing, F.col("at"))).alias("last_at"),
            F.count_if(standing & (F.col("kind") == "purchase")).alias("purchases"),
        )
        .groupBy("person_key")
        .agg(
            F.count_if(F.col("purchases") > 0).cast("int").alias("items"),
            F.coalesce(F.sum("spend"), F.lit(0)).cast(MONEY).alias("spend"),
            F.collect_list(F.when(F.col("last_at").isNotNull(), newest)).alias("touched"),
        )
        .withColumn("history", F.slice(F.array_sort("touched"), 1, length)["product_id"])
        .drop("touched")
    )


def _favourites(interest: DataFrame, products: DataFrame, now: Column) -> DataFrame:
    """favourite_category and favourite_brand of each person; ties go to the first name."""
    version = F.max_by(F.struct("category", "brand"), "valid_from").alias("_")
    named = products.where(F.col("valid_from") < now).groupBy("product_id").agg(version)
    # Whole units: their sum does not depend on the order of its rows.
    units = F.round(F.col("interest") * 1e9).cast("bigint")
    sums = (
        interest.join(named.select("product_id", "_.*"), "product_id")
        .select(
            "person_key",
            units.alias("units"),
            F.explode(
                F.array(
                    *(
                        F.struct(F.lit(of).alias("of"), F.col(of).alias("name"))
                        for of in ("category", "brand")
                    )
                )
            ).alias("_"),
        )
        .where("_.name IS NOT NULL")
        .groupBy("person_key", "_.of", "_.name")
        .agg(
            F.struct((-F.sum("units")).alias("least"), F.col("_.name").alias("name")).alias("best")
        )
    )
    return sums.groupBy("person_key").agg(
        *(
            F.min(F.when(F.col("of") == of, F.col("best")))["name"].alias(f"favourite_{of}")
            for of in ("category", "brand")
        )
    )


def _main_platform(known: DataFrame) -> DataFrame:
    return (
        known.where("platform IS NOT NULL")
        .groupBy("person_key", "platform")
        .agg((-F.count("*")).alias("least"))
        .groupBy("person_key")
        .agg(F.min(F.struct("least", "platform"))["platform"].alias("main_platform"))
    )
