"""Cancellations take back earlier sales, last sold first, computed with window sums alone.

Seen in time order, the sales of one group are a stack of units: a sale puts units on top, a
cancellation takes units off the top, and one that finds the stack empty stays unmatched. The
height of the stack is a running sum reflected at zero, so nobody has to walk it:

    sum_k    = sales so far - cancellations so far
    height_k = sum_k - min(0, sum_1, ..., sum_k)

A sale at row i holds the units between height_{i-1} and height_i. They are gone once the height
falls below them, so it keeps max(0, min(height_i, height_{i+1}, ...) - height_{i-1}) units.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

# A cancellation looks for its sale in its own order, then among equal prices, then at any price.
_PASSES = ("order_id", "unit_price", None)
_GROUP = ("shop", "product_id", "_buyer")
_RESULTS = ("cancelled_quantity", "net_quantity", "cancels_order_line_id")


def net_cancellations(lines: DataFrame, *, units: str = "quantity") -> DataFrame:
    """Order lines with what later cancellations took back.

    A cancellation is matched with sales of the same shop, product and person (all anonymous lines
    are one person) that are not later than it. Matching a prefix of time gives what was known at
    its end, so for a view as of T give only the lines before T.

    Args:
        lines: columns row_id, order_line_id, order_id, shop, person_key, product_id, kind,
            unit_price, quantity, ordered_at.
        units: column of the units that take part, zero on lines that must not.

    Returns:
        The lines with cancelled_quantity (on a sale: units taken back; on a cancellation: units
        matched with sales; the two sums are equal), net_quantity = quantity - cancelled_quantity,
        and cancels_order_line_id, on cancellations whose matched units are all of one sale.
    """
    rows = _involved(lines, units)
    for column in _PASSES:
        rows = _match(rows, [*_GROUP, *([column] if column else [])])
    is_linked = (F.size("_sales") == 1) & ~F.array_contains("_sales", F.lit(""))
    netted = rows.where("_units > _left").select(
        "row_id",
        (F.col("_units") - F.col("_left")).cast("int").alias("cancelled_quantity"),
        F.when(is_linked, F.get("_sales", F.lit(0))).alias("cancels_order_line_id"),
    )
    kept = [column for column in lines.columns if column not in _RESULTS]
    cancelled = F.coalesce("cancelled_quantity", F.lit(0))
    return (
        lines.select(*kept)
        .join(netted, "row_id", "left")
        .withColumn("cancelled_quantity", cancelled)
        .withColumn("net_quantity", F.col("quantity") - F.col("cancelled_quantity"))
        .select(*kept, *_RESULTS)
    )


def _involved(lines: DataFrame, units: str) -> DataFrame:
    """The lines that can match: sales and cancellations where a product has both, narrow."""
    takes_part = F.col("kind").isin("sale", "cancellation") & (F.col(units) > 0)
    rows = lines.where(takes_part).select(
        *("row_id", "order_line_id", "order_id", "shop", "product_id", "unit_price", "ordered_at"),
        F.coalesce("person_key", F.lit("")).alias("_buyer"),
        (F.col("kind") == "sale").alias("_is_sale"),
        F.col(units).cast("bigint").alias("_units"),
        F.col(units).cast("bigint").alias("_left"),
        F.array().cast("array<string>").alias("_sales"),
    )
    group = Window.partitionBy(*_GROUP)
    has_both = F.min("_is_sale").over(group) != F.max("_is_sale").over(group)
    return rows.withColumn("_has_both", has_both).where("_has_both").drop("_has_both")


def _match(rows: DataFrame, group: list[str]) -> DataFrame:
    """One pass over groups: `_left` without what it matched, `_sales` with where from.

    `_sales` of a cancellation gets the sale it took from, or '' if it took from several.
    """
    forward = Window.partitionBy(*group).orderBy("ordered_at", F.desc("_is_sale"), "row_id")
    until_here = forward.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    # Backwards instead of "unbounded following", which Spark computes in quadratic time.
    backward = Window.partitionBy(*group).orderBy(
        F.desc("ordered_at"), F.asc("_is_sale"), F.desc("row_id")
    )
    from_here = backward.rowsBetween(Window.unboundedPreceding, Window.currentRow)

    signed = F.when(F.col("_is_sale"), F.col("_left")).otherwise(-F.col("_left"))
    lowest = F.least(F.lit(0), F.min("_sum").over(until_here))
    stack = (
        rows.withColumn("_sum", F.sum(signed).over(until_here))
        .withColumn("_height", F.col("_sum") - lowest)
        .withColumn("_before", F.lag("_height", 1, 0).over(forward))
        .withColumn("_floor", F.min("_height").over(from_here))
    )
    kept = F.greatest(F.col("_floor") - F.col("_before"), F.lit(0))
    matched = F.when(F.col("_is_sale"), F.col("_left") - kept).otherwise(
        F.col("_before") - F.col("_height")
    )
    taken_from = F.when(
        F.col("_is_sale") & (F.col("_matched") > 0), F.struct("_before", "order_line_id")
    )
    took = ~F.col("_is_sale") & (F.col("_matched") > 0)
    return (
        stack.withColumn("_matched", matched)
        .withColumn("_candidates", F.collect_list(taken_from).over(until_here))
        .withColumn(
            "_sales", F.when(took, F.array_append("_sales", _top())).otherwise(F.col("_sales"))
        )
        .withColumn("_left", F.col("_left") - F.col("_matched"))
        .drop("_sum", "_height", "_before", "_floor", "_matched", "_candidates")
    )


def _top() -> Column:
    """The sale on top of the stack: the last that began below the height a cancellation found.

    It is the only one the cancellation took from if the stack stayed above its beginning.
    """
    below = F.filter("_candidates", lambda sale: sale["_before"] < F.col("_before"))
    top = F.get(below, F.size(below) - 1)
    is_only = F.col("_height") >= top["_before"]
    return F.when(is_only, top["order_line_id"]).otherwise(F.lit(""))
