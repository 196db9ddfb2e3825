"""Quantities far from what is usual for their item, by the modified z-score."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.refine.settings import RefineSettings

# Logarithms in whole millionths: their sums and medians are exact in any order of rows.
_MICRO = 1_000_000
_MAD_OF_NORMAL = 0.6745
_MEAN_DEVIATION_OF_NORMAL = 1.253314


def flag_outliers(lines: DataFrame, usual: DataFrame, settings: RefineSettings) -> DataFrame:
    """Order lines with `is_outlier`.

    With x = log(quantity), a line is an outlier if |0.6745 (x - median) / MAD| > `outlier_z`
    (Iglewicz and Hoaglin 1993), median and MAD being those of the item's usual sales. An item with
    fewer than `outlier_min_lines` sales takes both from its shop; one whose MAD is zero (nearly
    all its quantities are equal) takes the MAD from its shop. If that is zero too, the shop's
    mean absolute deviation takes its place, as they propose: |x - median| / (1.253314 MeanAD).

    Args:
        lines: columns shop, product_id, quantity.
        usual: lines whose sales say what is usual, for a view as of T those before T; columns
            shop, product_id, order_id, kind, quantity. An order's equal lines for an item count
            once, so that a line sent again changes nothing.
        settings: thresholds.
    """
    sizes = _sizes(usual)
    # One row an item and one a shop: small beside the lines, which need no shuffle this way.
    judged = (
        lines.withColumn("_size", _size())
        .join(F.broadcast(_item_spread(sizes)), ["shop", "product_id"], "left")
        .join(F.broadcast(_shop_spread(sizes)), "shop", "left")
    )
    is_known = F.coalesce(F.col("_lines") >= settings.outlier_min_lines, F.lit(False))
    middle = F.when(is_known, F.col("_middle")).otherwise(F.col("_shop_middle"))
    item_mad = F.when(is_known & (F.col("_mad") > 0), F.col("_mad"))
    scale = F.coalesce(
        item_mad / _MAD_OF_NORMAL,
        _positive("_shop_mad") / _MAD_OF_NORMAL,
        _positive("_shop_mean_deviation") * _MEAN_DEVIATION_OF_NORMAL,
    )
    is_far = F.abs(F.col("_size") - middle) > scale * settings.outlier_z
    return judged.select(
        *(c for c in lines.columns if c != "is_outlier"),
        F.coalesce(is_far, F.lit(False)).alias("is_outlier"),
    )


def _size() -> Column:
    return F.round(F.log(F.greatest(F.col("quantity"), F.lit(1))) * _MICRO).cast("bigint")


def _sizes(usual: DataFrame) -> DataFrame:
    """How often each size was sold, per item."""
    sales = usual.where((F.col("kind") == "sale") & (F.col("quantity") > 0))
    distinct = sales.select("shop", "product_id", "order_id", "quantity").distinct()
    return distinct.groupBy("shop", "product_id", _size().alias("_size")).agg(
        F.count(F.lit(1)).alias("_n")
    )


def _item_spread(sizes: DataFrame) -> DataFrame:
    """Per item: lines, median and MAD of the sizes sold, from how often each was sold."""
    item = Window.partitionBy("shop", "product_id")
    middle = F.percentile("_size", 0.5, F.col("_n")).over(item)
    away = F.abs(F.col("_size") - F.col("_middle"))
    return (
        sizes.withColumn("_middle", middle)
        .groupBy("shop", "product_id", "_middle")
        .agg(F.sum("_n").alias("_lines"), F.percentile(away, 0.5, F.col("_n")).alias("_mad"))
    )


def _shop_spread(sizes: DataFrame) -> DataFrame:
    """Per shop: median, MAD and mean absolute deviation of the sizes sold."""
    shop = Window.partitionBy("shop")
    middle = F.percentile("_size", 0.5, F.col("_n")).over(shop)
    away = F.abs(F.col("_size") - F.col("_shop_middle"))
    return (
        sizes.groupBy("shop", "_size")
        .agg(F.sum("_n").alias("_n"))
        .withColumn("_shop_middle", middle)
        .groupBy("shop", "_shop_middle")
        .agg(
            F.percentile(away, 0.5, F.col("_n")).alias("_shop_mad"),
            (F.sum(away * F.col("_n")) / F.sum("_n")).alias("_shop_mean_deviation"),
        )
    )


def _positive(name: str) -> Column:
    return F.when(F.col(name) > 0, F.col(name))
