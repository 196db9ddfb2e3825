"""Rows that say the same thing have one survivor, and the others name it."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.refine.cast import is_sound

DUPLICATE_OF = "_duplicate_of"
#: When a record came: batch after batch, and within one by file and place there (in a topic, by
#: partition and offset). So records of one file or partition are in their own order, however they
#: were cut into batches; of two partitions of one batch, the order is that of their numbers.
ARRIVAL = "_arrival"
#: A hash of what the record says; equal for one that is delivered again.
SAID = "_said"


def mark_duplicates(
    df: DataFrame,
    key: Sequence[str],
    *,
    latest: str | None = None,
    prefer: Sequence[Column] = (),
) -> DataFrame:
    """The same rows with `_duplicate_of`: the survivor's row_id, null on survivors.

    The survivor is the first by `prefer`, then the latest, then the one that said something new
    last: a correction counts though it has the time of what it corrects, and a record that is
    delivered again changes nothing. So it does not depend on how rows are partitioned. Rows that
    could not be cast in full go to quarantine: they are compared among themselves, so that they
    neither hide behind a good row nor hide one. A row whose key is null is nobody's duplicate.

    Args:
        df: rows of `open_bronze` with `_cast_failures` and the key columns.
        key: what the rows agree on; rows whose whole record is equal have an equal key, because
            records without an id of their own are keyed by their content (`record_key`).
        latest: timestamp column; its nulls come last.
        prefer: further orderings, ahead of `latest`.
    """
    order = list(prefer)
    if latest is not None:
        order.append(F.col(latest).desc_nulls_last())
    has_no_key = F.concat(*(F.col(column).cast("string") for column in key)).isNull()
    # Columns, so that Spark sees that both windows are over the same rows and moves them once.
    apart = {"_group_sound": is_sound(), "_group_row": F.when(has_no_key, F.col("row_id"))}
    rows = df.withColumns(apart)
    group = (*key, *apart)
    rows = rows.withColumn("_repeats", repeats(group))
    order += [F.col("_repeats"), F.col(ARRIVAL).desc(), F.col("row_id")]
    survivor = F.first("row_id").over(Window.partitionBy(*group).orderBy(*order))
    marked = F.when(survivor != F.col("row_id"), survivor)
    return rows.withColumn(DUPLICATE_OF, marked).drop("_repeats", *apart)


def repeats(group: Sequence[str]) -> Column:
    """Whether a record says what an earlier one of its group said."""
    told = Window.partitionBy(*group).orderBy(SAID, ARRIVAL, "row_id")
    return F.coalesce(F.lag(SAID).over(told) == F.col(SAID), F.lit(False))
