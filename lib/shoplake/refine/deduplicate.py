"""Rows that say the same thing have one survivor, and the others name it.

A survivor that breaks a rule is held in quarantine, and then the best row that breaks none stands
in for it: so a faulty correction takes nothing out of silver, and leaves the quarantine when it is
corrected itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.governance.judge import held_alone
from shoplake.refine.cast import is_sound

DUPLICATE_OF = "_duplicate_of"
#: Whether the row is the one that counts of its key.
STANDS = "_stands"
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
    broken: Column | None = None,
) -> DataFrame:
    """The same rows with `_duplicate_of`, the survivor's row_id, null on survivors; and `_stands`.

    The survivor is the first by `prefer`, then the latest, then the one that said something new
    last: a correction counts though it has the time of what it corrects, and a record that is
    delivered again changes nothing. So it does not depend on how rows are partitioned. Rows that
    could not be cast in full go to quarantine: they are compared among themselves, so that they
    neither hide behind a good row nor hide one. A row whose key is null is nobody's duplicate.

    A survivor that is `broken` survives to be held; it hides the broken rows before it, up to the
    first that is not. That one survives too, stands, and hides what comes after it.

    Args:
        df: rows of `open_bronze` with `_cast_failures` and the key columns.
        key: what the rows agree on; rows whose whole record is equal have an equal key, because
            records without an id of their own are keyed by their content (`record_key`).
        latest: timestamp column; its nulls come last.
        prefer: further orderings, ahead of `latest`.
        broken: whether a row will be held for what it says; never null. None: no row will.
    """
    order = list(prefer)
    if latest is not None:
        order.append(F.col(latest).desc_nulls_last())
    has_no_key = F.concat(*(F.col(column).cast("string") for column in key)).isNull()
    # Columns, so that Spark sees that both windows are over the same rows and moves them once.
    apart = {"_group_sound": is_sound(), "_group_row": F.when(has_no_key, F.col("row_id"))}
    # Of rows that could not be cast all are held, so none stands in for another.
    whole = F.lit(True) if broken is None else ~is_sound() | ~broken
    rows = df.withColumns(apart | {"_whole": whole})
    group = (*key, *apart)
    rows = rows.withColumn("_repeats", repeats(group))
    order += [F.col("_repeats"), F.col(ARRIVAL).desc(), F.col("row_id")]
    best_first = Window.partitionBy(*group).orderBy(*order)
    all_of_it = best_first.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    first_whole = F.first(F.when(F.col("_whole"), F.col("row_id")), ignorenulls=True)
    rows = rows.withColumns(
        {
            "_first": F.first("row_id").over(best_first),
            "_whole_so_far": first_whole.over(best_first),
            "_first_whole": first_whole.over(all_of_it),
        }
    )
    survivor = F.coalesce("_whole_so_far", "_first")
    marks = {
        DUPLICATE_OF: F.when(survivor != F.col("row_id"), survivor),
        STANDS: F.coalesce("_first_whole", "_first") == F.col("row_id"),
    }
    made = ("_repeats", "_whole", "_first", "_whole_so_far", "_first_whole")
    return rows.withColumns(marks).drop(*made, *apart)


def breach(
    rows: DataFrame,
    contract: Contract | None,
    *,
    later: Sequence[str] = (),
    skip: Sequence[str] = (),
) -> Column | None:
    """Whether a row of a table breaks a rule for which it will be held, as `mark_duplicates` wants.

    Args:
        rows: the rows in the making.
        contract: of the table; None: it has no rules.
        later: columns that are there but made anew later. Rules that look at them, or at columns
            that are not there yet, are passed over.
        skip: kinds of rules that are passed over.
    """
    if contract is None:
        return None
    known = [c for c in contract.column_names if c in rows.columns and c not in later]
    return held_alone(contract, known, skip=skip)


def repeats(group: Sequence[str]) -> Column:
    """Whether a record says what an earlier one of its group said."""
    told = Window.partitionBy(*group).orderBy(SAID, ARRIVAL, "row_id")
    return F.coalesce(F.lag(SAID).over(told) == F.col(SAID), F.lit(False))
