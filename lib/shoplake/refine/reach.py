"""Rows that are tied together, followed from some of them to the end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import reduce

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

_VALUE = "_tied_by"


def reach(
    rows: DataFrame, ties: Sequence[str], start: Collection[str], most: int
) -> set[str] | None:
    """The rows that hold one of some values, those that share a value with them, and so on.

    Each round is one scan of `rows`; what it found and the values are kept on the driver. Rows of
    one person or one record are found by the first round, and the second finds no more.

    Args:
        rows: `row_id` and the columns `ties`, strings; a null ties to nobody.
        ties: two rows with an equal value in any two of these columns are tied.
        start: values to begin with.
        most: rows after which it is given up.

    Returns:
        Their `row_id`, or None where there are more than `most`.
    """
    found: set[str] = set()
    seen: set[str] = set()
    front = set(start)
    while front:
        if len(front) > most * len(ties):
            return None
        near = _holding(rows, ties, front).limit(most + 1).toArrow()
        if near.num_rows > most:
            return None
        found |= set(near.column("row_id").to_pylist())
        seen |= front
        front = values_of(near, ties) - seen
    return found


def values_of(rows: pa.Table, ties: Sequence[str]) -> set[str]:
    """All values of the columns `ties`."""
    return {v for tie in ties for v in rows.column(tie).unique().to_pylist() if v is not None}


def _holding(rows: DataFrame, ties: Sequence[str], values: Collection[str]) -> DataFrame:
    table = pa.table({_VALUE: pa.array(sorted(values), pa.string())})
    wanted = rows.sparkSession.createDataFrame(table)
    for tie in ties:
        named = wanted.select(F.col(_VALUE).alias(f"{_VALUE}_{tie}"))
        rows = rows.join(F.broadcast(named), F.col(tie) == F.col(f"{_VALUE}_{tie}"), "left")
    hits = [F.col(f"{_VALUE}_{tie}").isNotNull() for tie in ties]
    return rows.where(reduce(lambda a, b: a | b, hits)).select("row_id", *ties)
