"""Rows that say the same thing have one survivor, and the others name it."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.refine.cast import is_sound

DUPLICATE_OF = "_duplicate_of"


def mark_duplicates(
    df: DataFrame,
    key: Sequence[str],
    *,
    latest: str | None = None,
    prefer: Sequence[Column] = (),
) -> DataFrame:
    """The same rows with `_duplicate_of`: the survivor's row_id, null on survivors.

    The survivor is the first by `prefer`, then the latest, then the one with the smallest row_id;
    so it depends neither on how rows are partitioned nor on the batch they came in. Rows that
    could not be cast in full go to quarantine: they are compared among themselves, so that they
    neither hide behind a good row nor hide one. A row whose key is null is nobody's duplicate.

    Args:
        df: rows with `row_id`, `_cast_failures` and the key columns.
        key: what the rows agree on; rows whose whole record is equal have an equal key, because
            records without an id of their own are keyed by their content (`record_key`).
        latest: timestamp column; its nulls come last.
        prefer: further orderings, ahead of `latest`.
    """
    order = list(prefer)
    if latest is not None:
        order.append(F.col(latest).desc_nulls_last())
    has_no_key = F.concat(*(F.col(column).cast("string") for column in key)).isNull()
    equal = Window.partitionBy(*key, is_sound(), F.when(has_no_key, F.col("row_id")))
    survivor = F.first("row_id").over(equal.orderBy(*order, F.col("row_id")))
    return df.withColumn(DUPLICATE_OF, F.when(survivor != F.col("row_id"), survivor))
