"""Training sets cut from the past: history before a cut, labels from the horizon after it."""

from __future__ import annotations

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.errors import TooYoungError
from shoplake.features.histories import (
    Cut,
    cut_table,
    had_bought,
    history_arrays,
    seen,
    touched_items,
)
from shoplake.features.interactions import happened_before, happened_within
from shoplake.features.interest import degree
from shoplake.features.items import engaged_people, newer_than
from shoplake.features.settings import DatasetSettings, LabelSettings

_PAIR = ["snapshot", "person_key", "product_id"]
# word2vec's exponent (Mikolov et al. 2013, arXiv:1310.4546, section 2.2).
_POWER = 0.75
# A draw looks for its item within one of so many slices of [0, 1), not among all items.
_SLICES = 1024
# Draws for each wanted negative: some fall on items the person did touch, or twice on one item.
_DRAWS = 3


def plan_cuts(
    first: datetime, as_of: datetime, horizon_days: int, settings: DatasetSettings
) -> list[Cut]:
    """The test cut one horizon before `as_of`, and training cuts whole horizons before it.

    No label window overlaps another, and those of training end at or before the test cut.

    Args:
        first: the first interaction.
        as_of: end of the data; the test window is (as_of - horizon, as_of].
        horizon_days: days that labels look ahead.
        settings: most training cuts, least days of data before a cut.

    Returns:
        Cuts in the order of time; the last one is the test cut.

    Raises:
        TooYoungError: there is too little data for the test cut and one training cut.
    """
    horizon = timedelta(days=horizon_days)
    earliest = first + timedelta(days=settings.min_history_days)
    ages = range(settings.max_snapshots + 1, 0, -1)
    starts = [start for start in (as_of - horizon * age for age in ages) if start >= earliest]
    if len(starts) < 2:
        needed = settings.min_history_days + 2 * horizon_days
        raise TooYoungError(
            f"{(as_of - first).days} days of data are too few for a test and a training cut",
            where=f"interactions from {first:%Y-%m-%d} to {as_of:%Y-%m-%d}",
            remedy=f"bring {needed} days, or lower horizon_days of the shop's mapping or "
            "dataset.min_history_days of conf/labels.yml",
        )
    last = len(starts) - 1
    return [
        Cut(n, start, start + horizon, "test" if n == last else "train")
        for n, start in enumerate(starts)
    ]


def item_snapshots(interactions: DataFrame, index: DataFrame, cuts: list[Cut]) -> DataFrame:
    """Rows of gold.item_snapshots: popularity as of each cut of what had been touched before it.

    Args:
        interactions: the view of `interactions.interactions`.
        index: product_id, item_index.
        cuts: what `plan_cuts` returns.
    """
    table = cut_table(interactions.sparkSession, cuts)
    as_of = F.col("as_of")
    return (
        interactions.join(F.broadcast(table), happened_before(as_of))
        .groupBy("snapshot", "as_of", "split", "product_id")
        .agg(
            engaged_people(newer_than(30, as_of)).alias("month"),
            engaged_people(newer_than(7, as_of)).alias("week"),
        )
        .join(F.broadcast(index), "product_id")
        .select(
            "snapshot",
            "item_index",
            "as_of",
            F.log1p("month").alias("log_popularity"),
            F.log1p("week").alias("log_recent"),
            "split",
        )
    )


def training_examples(
    interactions: DataFrame,
    index: DataFrame,
    snapshots: DataFrame,
    cuts: list[Cut],
    settings: LabelSettings,
    *,
    history_length: int,
) -> DataFrame:
    """Rows of gold.training_examples, for people with history before the cut.

    Positives are products with interest in the label window. Each brings up to
    `negatives_per_positive` products with label 0 that the person did not touch in the window,
    drawn with probability proportional to (1 + people of the last 30 days)^0.75. Which examples
    are kept and drawn depends on ids and the seed alone; where there are too many, purchases are
    kept before other positives, all of them even if they alone are more than the settings' most.

    Args:
        interactions: the view of `interactions.interactions`.
        index: product_id, item_index; products without an index are left out.
        snapshots: what `item_snapshots` returns for the same cuts.
        cuts: what `plan_cuts` returns.
        settings: conf/labels.yml.
        history_length: H, the length of the history arrays.
    """
    rules = settings.dataset
    table = cut_table(interactions.sparkSession, cuts)
    past = seen(interactions, table)
    people = past.select("snapshot", "person_key").distinct()
    touched = _labels(interactions, table, settings).join(
        people, ["snapshot", "person_key"], "left_semi"
    )
    positives = _capped(
        touched.where("label > 0").join(F.broadcast(index), "product_id"),
        rules.max_examples_per_snapshot // (1 + rules.negatives_per_positive),
        rules.seed,
    )
    examples = positives
    if rules.negatives_per_positive:
        weights = snapshots.join(F.broadcast(index), "item_index")
        examples = positives.unionByName(_negatives(positives, touched, weights, rules))
    identity = F.concat_ws("|", "person_key", F.unix_micros("as_of"), "product_id")
    return (
        examples.join(touched_items(past, index), ["snapshot", "person_key"])
        .join(F.broadcast(table.select("snapshot", "split")), "snapshot")
        .select(
            F.substring(F.sha2(identity, 256), 1, 32).alias("example_id"),
            "person_key",
            "snapshot",
            "as_of",
            "split",
            F.col("item_index").alias("target_index"),
            "label",
            "is_purchase",
            (~had_bought("item_index")).cast("int").alias("is_new"),
            *history_arrays(history_length),
        )
    )


def _labels(interactions: DataFrame, table: DataFrame, settings: LabelSettings) -> DataFrame:
    """What people touched in each label window: snapshot, person_key, product_id, label, ..."""
    in_window = happened_within(F.col("as_of"), F.col("until"))
    rows = interactions.join(F.broadcast(table), in_window)
    return degree(rows, _PAIR, settings.interest).select(
        *_PAIR,
        F.col("interest").alias("label"),
        (F.col("purchases") > 0).cast("int").alias("is_purchase"),
    )


def _capped(positives: DataFrame, most: int, seed: int) -> DataFrame:
    """Each snapshot's purchases, and others chosen by hash while there are fewer than `most`.

    A purchase that is cut would count as an item that its person did not want: the test cut's
    purchases are what lists are judged by.
    """
    order = Window.partitionBy("snapshot").orderBy(
        F.col("is_purchase").desc(),
        F.xxhash64(F.lit(seed), "person_key", "product_id"),
        "person_key",
        "product_id",
    )
    kept = (F.col("_") <= most) | (F.col("is_purchase") == 1)
    return positives.withColumn("_", F.row_number().over(order)).where(kept).drop("_")


def _negatives(
    positives: DataFrame, touched: DataFrame, weights: DataFrame, rules: DatasetSettings
) -> DataFrame:
    """Items drawn by popularity for each positive: the columns of `positives`, label 0."""
    wanted = rules.negatives_per_positive
    draw = _uniform(F.xxhash64(F.lit(rules.seed), *_PAIR, "draw"))
    of_person = Window.partitionBy("snapshot", "person_key")
    return (
        positives.withColumn("most", F.count("*").over(of_person) * wanted)
        .withColumn("draw", F.explode(F.sequence(F.lit(1), F.lit(_DRAWS * wanted))))
        .select("snapshot", "person_key", "most", draw.alias("u"))
        .withColumn("slice", F.floor(F.col("u") * _SLICES).cast("int"))
        .join(F.broadcast(_intervals(weights)), ["snapshot", "slice"])
        .where("u >= low AND u < high")
        .groupBy(*_PAIR, "item_index", "most")
        .agg(F.min("u").alias("u"))
        .join(touched.select(*_PAIR), _PAIR, "left_anti")
        .withColumn("place", F.row_number().over(of_person.orderBy("u", "product_id")))
        .where("place <= most")
        .select(
            *_PAIR,
            F.lit(0.0).alias("label"),
            F.lit(0).alias("is_purchase"),
            "item_index",
        )
    )


def _intervals(weights: DataFrame) -> DataFrame:
    """Each item's share of [0, 1) at each cut, repeated for the slices it reaches into."""
    order = Window.partitionBy("snapshot").orderBy("item_index")
    whole = Window.partitionBy("snapshot")
    weight = F.pow(F.exp("log_popularity"), F.lit(_POWER))
    # Whole numbers, so that the intervals meet exactly and the last one ends at 1.
    return (
        weights.withColumn("weight", F.round(weight * 1e6).cast("bigint"))
        .withColumn("end", F.sum("weight").over(order))
        .withColumn("total", F.sum("weight").over(whole))
        .withColumn("low", (F.col("end") - F.col("weight")) / F.col("total"))
        .withColumn("high", F.col("end") / F.col("total"))
        .withColumn("slice", F.explode(F.sequence(_slice("low"), _slice("high"))))
        .select("snapshot", "slice", "product_id", "item_index", "low", "high")
    )


def _slice(edge: str) -> Column:
    return F.least(F.floor(F.col(edge) * _SLICES), F.lit(_SLICES - 1)).cast("int")


def _uniform(hashed: Column) -> Column:
    """A number in [0, 1) from the upper 53 bits of a 64-bit hash."""
    return F.shiftrightunsigned(hashed, 11) / F.lit(float(2**53))
