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
    # One exchange serves the windows of all passes: their keys begin with it.
    rows = lines.withColumns(
        {
            "_buyer": F.coalesce("person_key", F.lit("")),
            "_is_sale": F.col("kind") == F.lit("sale"),
            "_left": F.when(F.col("kind").isin("sale", "cancellation"), F.col(units))
            .otherwise(0)
            .cast("bigint"),
        }
    ).repartition("shop", "product_id")
    for number, column in enumerate(_PASSES):
        rows = _match(rows, number, [*_GROUP, *([column] if column else [])])
    rows = rows.withColumn(
        "cancelled_quantity",
        sum((_matched(n) for n in range(len(_PASSES))), F.lit(0)).cast("int"),
    ).withColumn("net_quantity", F.col("quantity") - F.col("cancelled_quantity"))
    linked = rows.join(_single_sales(rows), "row_id", "left")
    return linked.select(
        *(c for c in lines.columns if c not in _RESULTS),
        *_RESULTS,
    )


_RESULTS = ("cancelled_quantity", "net_quantity", "cancels_order_line_id")


def _match(rows: DataFrame, number: int, group: list[str]) -> DataFrame:
    """One pass over groups; `_pass_N` keeps the stack around each row, `_left` what is left."""
    forward = Window.partitionBy(*group).orderBy("ordered_at", F.desc("_is_sale"), "row_id")
    until_here = forward.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    # Backwards instead of "unbounded following", which Spark computes in quadratic time.
    backward = Window.partitionBy(*group).orderBy(
        F.desc("ordered_at"), F.asc("_is_sale"), F.desc("row_id")
    )
    from_here = backward.rowsBetween(Window.unboundedPreceding, Window.currentRow)

    signed = F.when(F.col("_is_sale"), F.col("_left")).otherwise(-F.col("_left"))
    stacked = rows.withColumn("_sum", F.sum(signed).over(until_here))
    lowest = F.least(F.lit(0), F.min("_sum").over(until_here))
    stacked = stacked.withColumn("_height", F.col("_sum") - lowest)
    stacked = stacked.withColumns(
        {
            "_before": F.lag("_height", 1, 0).over(forward),
            "_place": F.row_number().over(forward),
        }
    ).withColumn("_floor", F.min("_height").over(from_here))
    kept = F.greatest(F.col("_floor") - F.col("_before"), F.lit(0))
    matched = F.when(F.col("_is_sale"), F.col("_left") - kept).otherwise(
        F.col("_before") - F.col("_height")
    )
    around = F.struct(
        F.lit(number).alias("number"),
        *(F.col(f"_{name}").alias(name) for name in ("before", "height", "place")),
        matched.alias("matched"),
        F.concat_ws("\u001f", *group).alias("group"),
    )
    return (
        stacked.withColumn(f"_pass_{number}", around)
        .withColumn("_left", F.col("_left") - _matched(number))
        .drop("_sum", "_height", "_before", "_place", "_floor")
    )


def _matched(number: int) -> Column:
    return F.col(f"_pass_{number}.matched")


def _single_sales(rows: DataFrame) -> DataFrame:
    """row_id and cancels_order_line_id of the cancellations that took from one sale only.

    The sale on top of the stack is the last one before the cancellation that began below the
    height the cancellation found; it is the only one if the stack stayed above its beginning.
    """
    passes = F.explode(F.array(*(f"_pass_{n}" for n in range(len(_PASSES)))))
    touched = rows.select("row_id", "order_line_id", "_is_sale", passes.alias("at"))
    touched = touched.where(F.col("at.matched") > 0)
    sales = touched.where("_is_sale").select(
        F.col("at").alias("sale"), F.col("order_line_id").alias("sold_as")
    )
    pairs = touched.where(~F.col("_is_sale")).join(
        sales,
        (F.col("at.number") == F.col("sale.number"))
        & (F.col("at.group") == F.col("sale.group"))
        & (F.col("sale.place") < F.col("at.place"))
        & (F.col("sale.before") < F.col("at.before")),
    )
    tops = pairs.groupBy("row_id", "at").agg(
        F.max(F.struct("sale.place", "sale.before", "sold_as")).alias("top")
    )
    is_only = F.count(F.lit(1)) == 1
    stayed = F.min(F.col("at.height") >= F.col("top.before"))
    return tops.groupBy("row_id").agg(
        F.when(is_only & stayed, F.first("top.sold_as")).alias("cancels_order_line_id")
    )
