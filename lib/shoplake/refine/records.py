"""A bronze record's way into silver: its shop, its row and its key, unique across shops."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from shoplake.refine.cast import CAST_FAILURES, trimmed
from shoplake.refine.deduplicate import ARRIVAL, DUPLICATE_OF, SAID
from shoplake.refine.pseudonym import Secret, pseudonymise


def open_bronze(bronze: DataFrame, key: Secret, *, given: Sequence[str] = ()) -> DataFrame:
    """Bronze rows with `row_id`, `shop`, `_arrival`, `_said` and `_digest`.

    The other columns of where a record came from stay in bronze.

    Args:
        bronze: any bronze table.
        key: secret key of the digest; an open one would let a person's id be found by trying all.
        given: columns of the id the shop gives. `_digest`, over all entity columns, is there where
            one of them is missing: such records are the same only if they are wholly equal.
    """
    arrival = F.struct("_ingested_at", "_file", "_row").alias(ARRIVAL)
    said = F.xxhash64(*_entity(bronze)).alias(SAID)
    rows = with_shop(bronze, arrival, said)
    if not given:
        return rows
    has_id = F.concat(*(trimmed(column) for column in given)).isNotNull()
    content = content_of(bronze.columns)
    return rows.withColumn("_digest", pseudonymise(F.when(~has_id, content), key))


def with_shop(bronze: DataFrame, *more: Column) -> DataFrame:
    """`row_id`, `shop` and the entity columns, and more."""
    named = F.col("_row_id").alias("row_id"), F.col("_source").alias("shop")
    return bronze.select(*named, *_entity(bronze), *more)


def content_of(columns: Sequence[str]) -> Column:
    """A hash of all that a record of `with_shop` says; equal for records that say the same."""
    entity = sorted(c for c in set(columns) - {"row_id", "shop"} if not c.startswith("_"))
    return F.sha2(F.to_json(F.struct("shop", *entity)), 256)


def _entity(bronze: DataFrame) -> list[str]:
    return [column for column in bronze.columns if not column.startswith("_")]


def close_silver(df: DataFrame, columns: Sequence[str]) -> DataFrame:
    """The silver columns in their order, then `_cast_failures` and `_duplicate_of`."""
    return df.select(*columns, CAST_FAILURES, DUPLICATE_OF)


def in_shop(col: Column) -> Column:
    """`<shop>:<id>`; null where the id is blank."""
    return F.concat(F.col("shop"), F.lit(":"), F.nullif(F.trim(col), F.lit("")))


def record_key(given: Column) -> Column:
    """`<shop>:<given id>`, or `<shop>:~<digest>` where the record has no id of its own."""
    return F.coalesce(in_shop(given), in_shop(F.concat(F.lit("~"), F.col("_digest"))))


def product_key(col: Column) -> Column:
    """`<shop>:<ID>`, upper-cased and trimmed; an id that already carries its shop keeps one.

    Feedback names products as the recommendations did, with their shop.
    """
    prefix = F.concat(F.col("shop"), F.lit(":"))
    bare = F.when(
        F.startswith(F.lower(F.trim(col)), F.lower(prefix)),
        F.substring(F.trim(col), F.length(prefix) + 1, F.length(col)),
    ).otherwise(col)
    return in_shop(F.upper(bare))
