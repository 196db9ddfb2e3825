"""What a person leans to: shares of interest and activity by name, each with its evidence.

All kinds of shares go through the same two aggregations as rows (person, of, name), so that one
more kind costs no further shuffle.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

#: Names kept of a kind, those with the largest share.
KEPT = 5
SLOTS = 16
_UNIT = 1e9
_INTEREST = ("category", "brand", "price_band")
_KINDS = (*_INTEREST, "platform", "hour")


def tallies(known: DataFrame, told: DataFrame, items: DataFrame, zone: str) -> DataFrame:
    """person_key and, for each kind, an array of (least, name, evidence), largest first.

    `least` is minus the interest in whole units of 1e-9 (of platforms and hours: minus the number
    of interactions), so that the order of the array is by share, equal shares by name, and sums
    do not depend on the order of their rows. `<kind>_total` is the sum of a kind's units.

    Args:
        known: interactions before the instant.
        told: gold.interest as of the instant.
        items: what `profiles_items.profiled_items` returns.
        zone: the shop's time zone, of the hours.
    """
    units = F.round(F.col("interest") * _UNIT).cast("bigint")
    evidence = F.col("views") + F.col("clicks") + F.col("carts") + F.col("purchases")
    leaning = told.join(items, "product_id").select(
        "person_key",
        units.alias("units"),
        evidence.cast("bigint").alias("evidence"),
        _each({of: F.col(of) for of in _INTEREST}),
    )
    hour = F.hour(F.from_utc_timestamp("at", zone)).cast("string")
    acting = known.select(
        "person_key",
        F.lit(1).cast("bigint").alias("units"),
        F.lit(1).cast("bigint").alias("evidence"),
        _each({"platform": F.col("platform"), "hour": hour}),
    )
    entry = F.struct((-F.col("units")).alias("least"), "name", "evidence")
    columns = []
    for of in _KINDS:
        is_one = F.col("of") == of
        columns += [
            F.array_sort(F.collect_list(F.when(is_one, entry))).alias(of),
            F.coalesce(F.sum(F.when(is_one, F.col("units"))), F.lit(0)).alias(f"{of}_total"),
        ]
    return (
        leaning.unionByName(acting)
        .where("_.name IS NOT NULL")
        .groupBy("person_key", "_.of", "_.name")
        .agg(F.sum("units").alias("units"), F.sum("evidence").alias("evidence"))
        .groupBy("person_key")
        .agg(*columns)
    )


def _each(names: dict[str, Column]) -> Column:
    pairs = [F.struct(F.lit(of).alias("of"), name.alias("name")) for of, name in names.items()]
    return F.explode(F.array(*pairs)).alias("_")


def favourite(of: str) -> Column:
    """The name with the largest share."""
    return F.get(of, F.lit(0))["name"]


def _kept(of: str) -> Column:
    return F.filter(F.slice(of, 1, KEPT), lambda t: t["least"] < 0)


def shares(of: str) -> Column:
    """map<string,double>: the largest shares of one kind, of all there is of that kind."""
    whole = F.col(f"{of}_total")
    return F.map_from_entries(
        F.transform(_kept(of), lambda t: F.struct(t["name"], F.round(-t["least"] / whole, 4)))
    )


def evidence(of: str) -> Column:
    """map<string,bigint>: the interactions behind each of `shares`."""
    return F.map_from_entries(F.transform(_kept(of), lambda t: F.struct(t["name"], t["evidence"])))


def hours() -> Column:
    """array<int>: interactions by hour of the day, 24 of them."""
    found = F.map_from_entries(F.transform("hour", lambda t: F.struct(t["name"], t["evidence"])))
    counts = F.transform(
        F.sequence(F.lit(0), F.lit(23)),
        lambda hour: F.coalesce(F.try_element_at(found, hour.cast("string")), F.lit(0)),
    )
    return counts.cast("array<int>")


def embedding() -> Column:
    """array<double> of `SLOTS`: shares of category, brand and price band, hashed with signs.

    The hashing trick (Weinberger et al., "Feature hashing for large scale multitask learning",
    ICML 2009): no vocabulary, and names that a shop adds need no new table. See `unit_length`.
    """
    parts = F.concat(*(_hashed(of) for of in _INTEREST))

    def at(slot: Column) -> Column:
        return F.aggregate(
            parts,
            F.lit(0.0),
            lambda sum_, part: (
                sum_
                + F.when(
                    F.pmod(part["hash"], F.lit(SLOTS)) == slot,
                    F.when(part["hash"] < 0, -part["share"]).otherwise(part["share"]),
                ).otherwise(0.0)
            ),
        )

    return F.transform(F.sequence(F.lit(0), F.lit(SLOTS - 1)), at)


def _hashed(of: str) -> Column:
    whole = F.greatest(f"{of}_total", F.lit(1))
    return F.transform(
        of,
        lambda t: F.struct(
            F.xxhash64(F.concat(F.lit(f"{of}:"), t["name"])).alias("hash"),
            (-t["least"] / whole).alias("share"),
        ),
    )


def unit_length(vector: str) -> Column:
    """array<float>: the vector with length 1, or all 0."""
    length = F.sqrt(F.aggregate(vector, F.lit(0.0), lambda sum_, x: sum_ + x * x))
    return F.transform(
        vector, lambda x: F.when(length > 0, F.round(x / length, 6)).otherwise(0.0).cast("float")
    )
