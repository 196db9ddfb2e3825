"""What each person had done before each cut, as the fixed-length arrays that models read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplake.features.interactions import POSITIVE, happened_before

ARRAYS = ("history", "history_counts", "history_days")


@dataclass(frozen=True)
class Cut:
    """An instant that separates what is known from what is to be foretold.

    Attributes:
        snapshot: index of the cut, from 0 in the order of time.
        at: the instant (UTC); history is strictly before it.
        until: labels come from (at, until].
        split: 'train' or 'test'.
    """

    snapshot: int
    at: datetime
    until: datetime
    split: Literal["train", "test"]


def cut_table(spark: SparkSession, cuts: list[Cut]) -> DataFrame:
    """The cuts as rows: snapshot int, as_of timestamp, until timestamp, split string."""

    def utc(moment: datetime) -> datetime:
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    rows = [(cut.snapshot, utc(cut.at), utc(cut.until), cut.split) for cut in cuts]
    return spark.createDataFrame(
        rows, "snapshot int, as_of timestamp, until timestamp, split string"
    )


def seen(interactions: DataFrame, cuts: DataFrame) -> DataFrame:
    """Products that people had touched before each cut.

    Args:
        interactions: the view of `interactions.interactions`.
        cuts: snapshot and as_of, as in `cut_table`.

    Returns:
        snapshot, as_of, person_key, product_id, purchases (bigint), last_at, days (int, whole days
        from the last interaction to the cut). Only viewing, clicking, carting and buying count.
    """
    return (
        interactions.where(F.col("kind").isin(*POSITIVE))
        .join(
            F.broadcast(cuts.select("snapshot", "as_of")),
            happened_before(F.col("as_of")),
        )
        .groupBy("snapshot", "as_of", "person_key", "product_id")
        .agg(
            F.count_if(F.col("kind") == "purchase").alias("purchases"), F.max("at").alias("last_at")
        )
        .withColumn("days", _days("last_at", "as_of"))
    )


def touched_items(seen: DataFrame, index: DataFrame) -> DataFrame:
    """All items of each person at each cut in one row: snapshot, as_of, person_key, items.

    `items` is an array of structs, newest first, ties by item_index; people without history have
    no row.

    Args:
        seen: what `seen` returns.
        index: product_id, item_index (from 1; 0 is padding).
    """
    item = F.struct(
        (-F.unix_micros("last_at")).alias("newest"),
        F.col("item_index").alias("history"),
        F.col("purchases").cast("int").alias("history_counts"),
        F.col("days").alias("history_days"),
    )
    return (
        seen.join(F.broadcast(index), "product_id")
        .groupBy("snapshot", "as_of", "person_key")
        .agg(F.array_sort(F.collect_list(item)).alias("items"))
    )


def history_arrays(length: int | None, recent_days: int = 0) -> list[Column]:
    """The newest `length` of `items` as models read them: array<int> [length], 0-padded.

    history (item_index), history_counts (purchases), history_days (days since the last
    interaction).

    Args:
        length: None: all of them, as many as there are.
        recent_days: more than `length` where a person touched more less than so many days ago.
    """
    if length is None:
        return [F.col("items")[name].alias(name) for name in ARRAYS]
    kept: Column = F.lit(length)
    if recent_days:
        late = F.filter(F.col("items")["history_days"], lambda days: days < recent_days)
        kept = F.greatest(kept, F.size(late))
    newest = F.slice("items", 1, kept)
    return [_padded(newest[name], length).alias(name) for name in ARRAYS]


def had_bought(item_index: str) -> Column:
    """Whether `items` has a purchase of an item."""
    return F.exists(
        "items", lambda item: (item.history == F.col(item_index)) & (item.history_counts > 0)
    )


def _padded(values: Column, length: int) -> Column:
    return F.concat(values, F.array_repeat(F.lit(0), F.lit(length) - F.size(values)))


def _days(earlier: str, later: str) -> Column:
    micros = F.unix_micros(later) - F.unix_micros(earlier)
    return F.floor(micros / 86_400_000_000).cast("int")
