"""Recency, frequency and value as quintiles, and the stage that a person's own rhythm puts them in.

The shop's norms are one row of aggregates; it comes to the driver, no person does.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

STAGES = ("new", "active", "loyal", "slipping", "lapsed")
#: Purchase days from which a rhythm is the person's own, and from which an active one is loyal.
OWN_RHYTHM, LOYAL = 3, 5
#: Times the usual gap without a sign of life after which a person slips, and has lapsed.
SLIPPING, LAPSED = 2.0, 4.0
#: Days between purchases where nobody in the shop has a rhythm.
DEFAULT_GAP = 30.0
_BORDERS = [0.2, 0.4, 0.6, 0.8]


def days(when: Column, zone: str) -> Column:
    """An aggregate: the distinct local days of the rows where `when` holds, sorted, as integers."""
    local = F.unix_date(F.to_date(F.from_utc_timestamp("at", zone)))
    return F.array_sort(F.collect_set(F.when(when, local)))


def own_gap(of: Column) -> Column:
    """Median days between a person's active days; null below `OWN_RHYTHM` days."""
    size = F.size(of)
    gaps = F.zip_with(F.slice(of, 2, size), F.slice(of, 1, size - 1), lambda b, a: b - a)
    middle = F.array_sort(F.filter(gaps, lambda gap: gap.isNotNull()))
    return F.when(size >= OWN_RHYTHM, F.get(middle, F.floor((size - 2) / 2).cast("int"))).cast(
        "double"
    )


def norms() -> list[Column]:
    """Aggregates over people: quintile borders of those who bought, and the median of their gaps.

    People have since_purchase (days), orders, spend and gap (days, null without a rhythm).
    """
    bought = F.col("orders") > 0
    return [
        F.percentile(F.when(bought, -F.col("since_purchase")), _BORDERS).alias("recency"),
        F.percentile(F.when(bought, F.col("orders")), _BORDERS).alias("frequency"),
        F.percentile(F.when(bought, F.col("spend").cast("double")), _BORDERS).alias("value"),
        F.percentile("gap", 0.5).alias("gap"),
    ]


def score(value: Column, borders: list[float] | None) -> Column:
    """1 to 5, the quintile of people who bought; equal values share one. Null without orders."""
    number = value.cast("double")
    above = sum(((number > border).cast("int") for border in borders or ()), F.lit(1))
    return F.when(F.col("orders") > 0, above)


def rhythm(usual: float | None) -> Column:
    """Days between active days that the stage is measured in: one's own, else the shop's usual."""
    return F.greatest(F.coalesce("gap", F.lit(usual or DEFAULT_GAP)), F.lit(1.0))


def stage(active_days: Column, silent: Column, rhythm_days: Column) -> Column:
    """One of `STAGES`.

    Args:
        active_days: purchase days; of a person who never bought, days with any interaction.
        silent: days since the last of them.
        rhythm_days: what `rhythm` returns.
    """
    overdue = silent / rhythm_days
    return (
        F.when(overdue > LAPSED, "lapsed")
        .when(overdue > SLIPPING, "slipping")
        .when(active_days < OWN_RHYTHM, "new")
        .when((active_days >= LOYAL) & (F.col("orders") > 0), "loyal")
        .otherwise("active")
    )
