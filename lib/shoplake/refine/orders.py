"""Order lines: one row per line with a positive quantity, cancellations netted against sales."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.refine.cast import (
    INT,
    MONEY,
    PLATFORM,
    TIMESTAMP,
    cast_columns,
    is_sound,
    spelling,
    trimmed,
)
from shoplake.refine.deduplicate import STANDS, breach, mark_duplicates
from shoplake.refine.identify import resolve_people, with_identity
from shoplake.refine.netting import net_cancellations
from shoplake.refine.outliers import flag_outliers
from shoplake.refine.records import close_silver, in_shop, open_bronze, product_key, record_key
from shoplake.refine.settings import RefineSettings
from shoplake.refine.text import normalise_text

COLUMNS = (
    "order_line_id", "order_id", "person_key", "product_id", "shop", "kind", "line_kind",
    "quantity", "unit_price", "currency", "amount", "cancelled_quantity", "net_quantity",
    "cancels_order_line_id", "is_outlier", "country", "platform", "ordered_at", "order_date",
    "row_id",
)  # fmt: skip

_KIND = spelling(
    {
        "sale": "sale",
        "order": "sale",
        "purchase": "sale",
        "cancellation": "cancellation",
        "cancel": "cancellation",
        "cancelled": "cancellation",
        "return": "cancellation",
        "refund": "cancellation",
        "adjustment": "adjustment",
        "correction": "adjustment",
    }
)
_LINE_KIND = spelling({"product": "product", "service": "service", "fee": "service"})
_CASTS = {
    "quantity": INT,
    "unit_price": MONEY,
    "kind": _KIND,
    "line_kind": _LINE_KIND,
    "platform": PLATFORM,
    "ordered_at": TIMESTAMP,
}


def orders(
    bronze_orders: DataFrame,
    identities: DataFrame | None,
    settings: RefineSettings,
    contract: Contract | None = None,
) -> DataFrame:
    """Candidates of `silver.orders`, one row per bronze row.

    A line without a kind, or a sale of a negative quantity, is a cancellation if it has a price
    and an adjustment (of stock) if it has none. Duplicates, lines that could not be cast and
    lines that are held while an earlier one stands take no part in netting.

    Args:
        bronze_orders: order lines as sent.
        identities: `silver.identities`, or None where no shop sends people.
        settings: key and thresholds.
        contract: of the table; None: no line will be held for what it says.
    """
    key = settings.pseudonym_key
    sent = with_identity(open_bronze(bronze_orders, key, given=("order_id", "line_id")), key)
    keyed = _with_keys(_with_kinds(cast_columns(sent, _CASTS)))
    known = resolve_people(keyed, identities)
    broken = breach(known, contract)
    marked = mark_duplicates(known, ["order_line_id"], latest="ordered_at", broken=broken)
    takes_part = F.col(STANDS) & is_sound() & F.col("ordered_at").isNotNull()
    lines = marked.withColumn("_units", F.when(takes_part, F.col("quantity")).otherwise(0))
    netted = net_cancellations(lines, units="_units")
    return close_silver(flag_outliers(netted, keyed.where(is_sound()), settings), COLUMNS)


def _with_kinds(lines: DataFrame) -> DataFrame:
    """Kinds where none is stated, then quantities without a sign."""
    may_be_sale = F.coalesce("kind", F.lit("sale")) == "sale"
    reversal = F.when(F.col("unit_price") > 0, "cancellation").otherwise("adjustment")
    kind = F.when((F.col("quantity") < 0) & may_be_sale, reversal).otherwise(
        F.coalesce("kind", F.lit("sale"))
    )
    size = F.abs(F.col("quantity").cast("bigint")).try_cast("int")
    return lines.withColumns(
        {
            "kind": F.when(is_sound(), kind).otherwise(F.col("kind")),
            "line_kind": F.when(is_sound(), F.coalesce("line_kind", F.lit("product"))),
            "quantity": size,
            "amount": F.try_multiply(size, F.col("unit_price")).try_cast("decimal(18,4)"),
        }
    )


def _with_keys(lines: DataFrame) -> DataFrame:
    """Silver ids; a cancellation may carry its sale's ids, so its kind and time tell them apart."""
    given = F.concat(trimmed("order_id"), F.lit(":"), trimmed("line_id"))
    reversal = F.concat(
        given, F.lit(":"), F.col("kind"), F.date_format("ordered_at", "':'yyyyMMddHHmmss")
    )
    is_sale = F.coalesce(F.col("kind") == "sale", F.lit(True))
    return lines.withColumns(
        {
            "order_line_id": record_key(F.when(is_sale, given).otherwise(reversal)),
            "order_id": in_shop(F.col("order_id")),
            "product_id": product_key(F.col("product_id")),
            "currency": F.upper(trimmed("currency")),
            "country": normalise_text(F.col("country")),
            "order_date": F.col("ordered_at").cast("date"),
        }
    )
