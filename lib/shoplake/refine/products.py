"""Products with history (SCD2): a version begins where a source states something new."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.governance.judge import held_alone
from shoplake.refine.cast import (
    CAST_FAILURES,
    INT,
    MONEY,
    TIMESTAMP,
    Cast,
    cast_columns,
    is_sound,
    spelling,
    trimmed,
)
from shoplake.refine.deduplicate import ARRIVAL, DUPLICATE_OF, repeats
from shoplake.refine.records import close_silver, open_bronze, product_key
from shoplake.refine.settings import RefineSettings
from shoplake.refine.text import normalise_text

COLUMNS = (
    "product_id", "valid_from", "valid_to", "is_current", "shop", "name", "description",
    "category", "brand", "seller", "price", "currency", "stock", "attributes", "kind", "text",
    "row_id",
)  # fmt: skip

_STATED = (
    "name", "description", "category", "brand", "seller", "price", "currency", "stock",
    "attributes", "kind",
)  # fmt: skip
_UNDATED = "1970-01-01 00:00:00"
_ATTRIBUTES = "map<string,string>"
_CASTS = {
    "price": MONEY,
    "stock": INT,
    "mentions": INT,
    "updated_at": TIMESTAMP,
    "kind": spelling({"product": "product", "service": "service", "fee": "service"}),
    "attributes": Cast(lambda col: F.when(F.from_json(col, _ATTRIBUTES).isNotNull(), col)),
}


def products(
    bronze_products: DataFrame, settings: RefineSettings, contract: Contract | None = None
) -> DataFrame:
    """Candidates of `silver.products`, one row per bronze row.

    Statements at one instant that differ: the name with the most mentions up to that instant is
    kept, then the first in the alphabet; of those with one name and as many mentions, the one that
    said something new last. A statement equal to the version it follows confirms it: its
    `_duplicate_of` is the row of that version, as is that of a statement not kept. A product
    without dates is valid from 1970, and its last statement counts, new or not: it may have its old
    price again. Rows that could not be cast, lack what a version needs or break a rule go to
    quarantine and end no version.

    Args:
        bronze_products: statements as sent.
        settings: of the cleaning.
        contract: of the table, whose rules about one row are looked at; None: there are none.
    """
    statements = _statements(bronze_products, settings)
    if contract is not None:
        # As versions that still hold: what follows a statement is not known yet.
        as_is = {"valid_to": F.lit(None).cast("timestamp"), "is_current": F.lit(True)}
        statements = statements.withColumns(as_is).withColumn("_holds", ~held_alone(contract))
    else:
        statements = statements.withColumn("_holds", F.lit(True))
    return close_silver(_versions(statements.repartition("product_id")), COLUMNS)


def _statements(bronze_products: DataFrame, settings: RefineSettings) -> DataFrame:
    rows = cast_columns(open_bronze(bronze_products, settings.pseudonym_key), _CASTS)
    texts = ("name", "description", "category", "brand", "seller")
    undated = F.when(is_sound(), F.lit(_UNDATED).cast("timestamp"))
    return rows.withColumns(
        {column: normalise_text(F.col(column)) for column in texts}
        | {
            "product_id": product_key(F.col("product_id")),
            "currency": F.upper(trimmed("currency")),
            "kind": F.when(is_sound(), F.coalesce("kind", F.lit("product"))),
            "mentions": F.greatest(F.coalesce("mentions", F.lit(1)), F.lit(1)).cast("bigint"),
            "valid_from": F.coalesce("updated_at", undated),
        }
    ).withColumns(
        {
            "text": _model_text(settings.text_length),
            "_states": is_sound()
            & F.col("product_id").isNotNull()
            & F.col("name").isNotNull()
            & F.col("valid_from").isNotNull(),
        }
    )


def _versions(statements: DataFrame) -> DataFrame:
    product = Window.partitionBy("product_id", "_states")
    so_far = Window.partitionBy("product_id", "_states", "name").orderBy("valid_from").rangeBetween(
        Window.unboundedPreceding, Window.currentRow
    )  # fmt: skip
    instant = ("product_id", "_states", "valid_from")
    # Without a date a statement is of when it came, so that it may say an old thing anew.
    again = F.col("updated_at").isNotNull() & repeats(instant)
    at_instant = Window.partitionBy(*instant).orderBy(
        F.desc("_holds"), F.desc("_name_mentions"), "name", F.desc("mentions"), "_again",
        F.desc(ARRIVAL), "row_id",
    )  # fmt: skip
    mentions = F.when(F.col("_holds"), F.col("mentions")).otherwise(0)
    ranked = statements.withColumns(
        {"_name_mentions": F.sum(mentions).over(so_far), "_again": again}
    ).withColumns(
        {
            "_rank": F.row_number().over(at_instant),
            "_has_version": F.col("_states") & F.first("_holds").over(at_instant),
        }
    )
    kept = ranked.withColumn("_is_kept", F.col("_has_version") & (F.col("_rank") == 1))

    in_turn = Window.partitionBy("product_id", "_states", "_is_kept").orderBy("valid_from")
    stated = F.struct(*_STATED)
    news = ~stated.eqNullSafe(F.lag(stated).over(in_turn))
    opened = kept.withColumn("_opens", F.col("_is_kept") & news)

    versions = Window.partitionBy("product_id", "_states", "_opens").orderBy("valid_from")
    version_row = F.last(F.when(F.col("_opens"), F.col("row_id")), ignorenulls=True).over(
        product.orderBy("valid_from", "_rank")
    )
    return (
        opened.withColumns(
            {
                "valid_to": F.when(F.col("_opens"), F.lead("valid_from").over(versions)),
                DUPLICATE_OF: F.when(F.col("_has_version") & ~F.col("_opens"), version_row),
            }
        )
        .withColumn("is_current", F.col("_opens") & F.col("valid_to").isNull())
        .select(*COLUMNS, CAST_FAILURES, DUPLICATE_OF)
    )


def _model_text(length: int) -> Column:
    """Name, brand, category and attribute values in lower case, each word once, cut at a word."""
    values = F.array_sort(F.map_values(F.from_json("attributes", _ATTRIBUTES)))
    parts = F.concat_ws(
        " ", "name", "brand", "category", F.array_join(F.array_compact(values), " ")
    )
    words = F.array_distinct(F.split(F.lower(parts), r"[\s|>]+"))
    text = F.array_join(F.array_remove(words, ""), " ")
    cut = F.regexp_replace(F.substring(text, 1, length + 1), r"\s\S*$", "")
    short = F.when(F.length(text) > length, F.substring(cut, 1, length)).otherwise(text)
    return F.nullif(F.trim(short), F.lit(""))
