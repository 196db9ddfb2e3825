"""One view of what people did with products, whatever table reported it.

Columns of the view: person_key, product_id, kind (`settings.KINDS`), platform, basket (order,
session or request), unit_price and amount (decimal(18,4), purchases and returns only), at, and
taken_back_at: when a sale had been cancelled entirely, null while it stands. A cut before
taken_back_at still sees the purchase: it was one then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.errors import ShoplakeError
from shoplake.features.clock import GAP, span

MONEY = "decimal(18,4)"
COLUMNS = (
    "person_key",
    "product_id",
    "kind",
    "platform",
    "basket",
    "unit_price",
    "amount",
    "at",
    "taken_back_at",
)
POSITIVE = ("view", "click", "cart", "purchase")
# Tables may report the same purchase or return; the table named first is believed.
_REPORTED_TWICE = ("purchase", "return")


def interactions(
    *,
    orders: DataFrame | None = None,
    events: DataFrame | None = None,
    feedback: DataFrame | None = None,
) -> DataFrame:
    """Interactions of known people with products, from whichever tables a shop has.

    A purchase (or return) that several tables report for the same person, product and day counts
    once: from orders if they have it, else from events, else from feedback. Every line counts
    once, whatever its quantity.

    Args:
        orders: silver.orders; sales become purchases, cancellations returns.
        events: silver.events; robots, searches and impressions are left out.
        feedback: silver.feedback; impressions are left out.

    Returns:
        The view described in this module's docstring.

    Raises:
        ShoplakeError: no table was given.
    """
    parts = [
        part
        for part in (
            _from_orders(orders) if orders is not None else None,
            _from_events(events) if events is not None else None,
            _from_feedback(feedback) if feedback is not None else None,
        )
        if part is not None
    ]
    if not parts:
        raise ShoplakeError(
            "there is nothing to take interactions from",
            where="silver.orders, silver.events, silver.feedback",
            remedy="give at least one of the tables; run `shoplake step refine` first",
        )
    if len(parts) == 1:
        return parts[0]
    ranked = [part.withColumn("_rank", F.lit(rank)) for rank, part in enumerate(parts)]
    told = reduce(DataFrame.unionByName, ranked)
    same = Window.partitionBy("person_key", "product_id", "kind", F.to_date("at"))
    repeats = F.col("kind").isin(*_REPORTED_TWICE) & (F.col("_rank") > F.col("_first"))
    return told.withColumn("_first", F.min("_rank").over(same)).where(~repeats).select(*COLUMNS)


def _from_orders(orders: DataFrame) -> DataFrame:
    lines = orders.where("person_key IS NOT NULL AND line_kind = 'product'")
    sales = lines.where("kind = 'sale'")
    return (
        sales.join(_taken_back(lines), "order_line_id", "left")
        .withColumn("kind", F.lit("purchase"))
        .unionByName(
            lines.where("kind = 'cancellation'").withColumn("kind", F.lit("return")),
            allowMissingColumns=True,
        )
        .withColumnsRenamed({"order_id": "basket", "ordered_at": "at"})
        .select(*COLUMNS)
    )


def _taken_back(lines: DataFrame) -> DataFrame:
    """When each entirely cancelled sale had been: (order_line_id, taken_back_at).

    That is the first moment at which the cancellations that name the sale, or that name none but
    are of the same person and product, add up to its quantity.
    """
    gone = lines.where("kind = 'sale' AND net_quantity = 0").alias("s")
    back = lines.where("kind = 'cancellation'").alias("c")
    so_far = (
        Window.partitionBy("s.order_line_id")
        .orderBy("c.ordered_at")
        .rangeBetween(Window.unboundedPreceding, Window.currentRow)
    )
    named = F.col("c.cancels_order_line_id")
    matches = (
        (F.col("s.person_key") == F.col("c.person_key"))
        & (F.col("s.product_id") == F.col("c.product_id"))
        & (F.col("s.ordered_at") <= F.col("c.ordered_at"))
        & (named.isNull() | (named == F.col("s.order_line_id")))
    )
    return (
        gone.join(back, matches, "left")
        .select(
            "s.order_line_id",
            F.col("s.quantity").alias("sold"),
            F.coalesce("c.ordered_at", "s.ordered_at").alias("at"),
            F.sum("c.quantity").over(so_far).alias("back"),
        )
        .groupBy("order_line_id")
        .agg(
            # Silver netted it by rows that are not here: then from its last cancellation on.
            F.coalesce(
                F.min(F.when(F.col("back") >= F.col("sold"), F.col("at"))), F.max("at")
            ).alias("taken_back_at")
        )
    )


def _from_events(events: DataFrame) -> DataFrame:
    paid = F.col("kind").isin(*_REPORTED_TWICE)
    units = F.coalesce("quantity", F.lit(1))
    return (
        events.where("person_key IS NOT NULL AND product_id IS NOT NULL AND NOT is_bot")
        .where(F.col("kind").isin(*POSITIVE, "return"))
        .withColumn("unit_price", F.when(paid, F.col("price")).cast(MONEY))
        .withColumn("amount", (F.col("unit_price") * units).cast(MONEY))
        .withColumn("taken_back_at", F.lit(None).cast("timestamp"))
        .withColumnsRenamed({"session_id": "basket", "occurred_at": "at"})
        .select(*COLUMNS)
    )


def _from_feedback(feedback: DataFrame) -> DataFrame:
    nothing = {"platform": "string", "unit_price": MONEY, "amount": MONEY}
    return (
        feedback.where("kind <> 'impression'")
        .withColumns({name: F.lit(None).cast(kind) for name, kind in nothing.items()})
        .withColumn("taken_back_at", F.lit(None).cast("timestamp"))
        .withColumnsRenamed({"request_id": "basket", "occurred_at": "at"})
        .select(*COLUMNS)
    )


def instant(moment: datetime) -> Column:
    """A literal timestamp; a naive `moment` is UTC, whatever zone the driver is in."""
    return F.lit(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def stood(at: Column) -> Column:
    """Whether an interaction had not been taken back entirely before `at`."""
    return F.col("taken_back_at").isNull() | (F.col("taken_back_at") >= at)


def happened_before(at: Column) -> Column:
    """Whether an interaction was before `at` and still stood."""
    return (F.col("at") < at) & stood(at)


def happened_within(start: Column, end: Column) -> Column:
    """Whether an interaction was in (start, end] and not taken back by `end`."""
    taken_back = F.coalesce(F.col("taken_back_at") <= end, F.lit(False))
    return (F.col("at") > start) & (F.col("at") <= end) & ~taken_back


def data_range(
    interactions: DataFrame, tell: Callable[[str], None] = lambda _: None
) -> tuple[datetime, datetime]:
    """First interaction, and midnight UTC after the last: the data's own clock.

    Args:
        interactions: the view.
        tell: is told where some come so long after all others that their clock is not believed.

    Raises:
        ShoplakeError: there is no interaction.
    """
    found = span(interactions)
    if found is None:
        raise ShoplakeError(
            "no person has interacted with a product",
            where="silver.orders, silver.events, silver.feedback",
            remedy="see what is held in governance.quarantine_silver_*; a shop whose mapping names"
            " no person_id ends at `shoplake run --until refine`",
        )
    midnight = datetime.combine(found.last.date(), time(), tzinfo=UTC) + timedelta(days=1)
    if found.beyond:
        tell(
            f"[yellow]the data ends on {found.last:%Y-%m-%d}: {found.beyond:,} interaction(s) are"
            f" {GAP.days} days and more after all others, and wait until then[/]"
        )
    return found.first, midnight
