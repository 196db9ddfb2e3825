"""What is known of a person, without who the person is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.features import profiles_rhythm, profiles_segment
from shoplake.features.interactions import MONEY, POSITIVE, instant, stood
from shoplake.features.profiles_items import profiled_items
from shoplake.features.profiles_tallies import (
    embedding,
    evidence,
    favourite,
    hours,
    shares,
    tallies,
    unit_length,
)

#: Purchases below which nothing is said about prices.
LEAST_PAID = 5
_UNIT = 1e9


def person_facts(
    interactions: DataFrame,
    interest: DataFrame,
    products: DataFrame,
    people: DataFrame,
    as_of: datetime,
    *,
    history_length: int,
    zone: str,
) -> DataFrame:
    """One row for each person with an interaction before `as_of`: what needs no other person.

    Spend is net: what was bought less what was taken back, product by product, never below 0.
    `profiles_of` reads this three times: hold it in memory. docs/profiles.md says what is measured
    how.

    Args:
        interactions: the view of `interactions.interactions`.
        interest: gold.interest as of `as_of`.
        products: silver.products.
        people: silver.people.
        as_of: nothing at or after this instant is used.
        history_length: most products in `history`.
        zone: the shop's time zone, of active hours and days.
    """
    now = instant(as_of)
    known = interactions.where(F.col("at") < now)
    told = interest.where(F.col("as_of") == now)
    items = profiled_items(known, products, now)
    facts = (
        known.join(items.select("product_id", "usual", "varies", "middle"), "product_id", "left")
        .groupBy("person_key")
        .agg(*_activity(now), *_prices(now), *_days(now, zone))
        .join(_purchases(known, now, history_length), "person_key", "left")
        .join(tallies(known, told, items, zone), "person_key", "left")
        .join(people.select("person_key", "segment"), "person_key", "left")
    )
    facts = facts.withColumns(_derived(now, zone))
    return facts.withColumns({f"trait_{n}": x for n, x in profiles_segment.traits().items()})


def profiles_of(facts: DataFrame, as_of: datetime) -> DataFrame:
    """Rows of gold.user_profiles; how people compare with the shop's norms at the same instant.

    Args:
        facts: what `person_facts` returns, best held in memory.
        as_of: its instant.
    """
    found = facts.agg(*profiles_rhythm.norms(), *profiles_segment.norms()).first()
    usual: dict[str, Any] = found.asDict() if found is not None else {}
    levels = zip(profiles_segment.LEVELS, profiles_segment.names(usual), strict=True)
    named = facts.withColumns(dict(levels))
    label, size = profiles_segment.given_name(*profiles_segment.groups(named))
    return named.withColumn("_embedding", embedding()).select(
        "person_key",
        instant(as_of).alias("as_of"),
        *_columns(usual),
        label.alias("behaviour_segment"),
        size.alias("segment_people"),
        unit_length("_embedding").alias("embedding"),
    )


def _columns(usual: dict[str, Any]) -> list[Column]:
    col, score = F.col, profiles_rhythm.score
    rhythm, active = profiles_rhythm.rhythm(usual["gap"]), F.size("active")
    plain = ["orders", "items", "spend", "recency_days", "tenure_days"]
    kinds = {"category": "category", "brand": "brand", "price_band": "price"}
    leanings = [
        column
        for of, name in kinds.items()
        for column in (shares(of).alias(f"{name}_affinity"), evidence(of).alias(f"{name}_evidence"))
    ]
    prices = ["price_sensitivity", "relative_price"]
    return [
        *(col(name) for name in plain),
        favourite("platform").alias("main_platform"),
        favourite("category").alias("favourite_category"),
        favourite("brand").alias("favourite_brand"),
        *(col(name) for name in ("mean_price", "history", "segment")),
        score(-col("since_purchase"), usual["recency"]).alias("recency_score"),
        score(col("orders"), usual["frequency"]).alias("frequency_score"),
        score(col("spend"), usual["value"]).alias("value_score"),
        profiles_rhythm.stage(active, col("silent"), rhythm).alias("lifecycle_stage"),
        rhythm.alias("rhythm_days"),
        active.alias("active_days"),
        *leanings,
        shares("platform").alias("platform_share"),
        evidence("platform").alias("platform_evidence"),
        *(col(name) for price in prices for name in (price, f"{price}_evidence")),
        hours().alias("active_hours"),
    ]


def _prices(now: Column) -> tuple[Column, ...]:
    """How a person's prices compare: sums and counts, of purchases that stood."""
    bought = (F.col("kind") == "purchase") & stood(now)
    price = F.col("unit_price").cast("double")
    varied = bought & F.col("varies")
    placed = bought & (price > 0) & (F.col("middle") > 0)
    # Whole units: their sum does not depend on the order of its rows.
    apart = F.round(F.log(price / F.col("middle")) * _UNIT).cast("bigint")
    return (
        F.count_if(varied & (price < F.col("usual"))).alias("_below"),
        F.count_if(varied).cast("int").alias("price_sensitivity_evidence"),
        F.sum(F.when(placed, apart)).alias("_apart"),
        F.count_if(placed).cast("int").alias("relative_price_evidence"),
    )


def _days(now: Column, zone: str) -> tuple[Column, ...]:
    bought = (F.col("kind") == "purchase") & stood(now)
    return (
        profiles_rhythm.days(bought, zone).alias("_bought_days"),
        profiles_rhythm.days(F.lit(True), zone).alias("_seen_days"),
    )


def _derived(now: Column, zone: str) -> dict[str, Column]:
    """What needs a person's own row alone."""
    active = F.when(F.col("orders") > 0, F.col("_bought_days")).otherwise(F.col("_seen_days"))
    today = F.unix_date(F.to_date(F.from_utc_timestamp(now, zone)))
    enough = F.col("price_sensitivity_evidence") >= LEAST_PAID
    placed = F.col("relative_price_evidence")
    below = F.col("_below") / F.nullif("price_sensitivity_evidence", F.lit(0))
    return {
        "active": active,
        "silent": today - F.array_max(active),
        "since_purchase": today - F.array_max("_bought_days"),
        "gap": profiles_rhythm.own_gap(active),
        "price_sensitivity": F.when(enough, F.round(below, 4)),
        "relative_price": F.when(
            placed >= LEAST_PAID,
            F.round(F.exp(F.col("_apart") / _UNIT / F.nullif(placed, F.lit(0))), 4),
        ),
    }


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
