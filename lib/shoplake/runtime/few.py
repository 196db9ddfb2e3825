"""Rows that are few, brought to the driver once instead of being made again for each use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Rows up to which they are.
MOST = 50_000


def brought(df: DataFrame, most: int = MOST) -> DataFrame:
    """`df` with its rows in the driver, where they are at most `most`; otherwise `df` as it is."""
    rows = df.limit(most + 1).toArrow()
    if rows.num_rows > most:
        return df
    # One partition: what follows is no matter for two tasks.
    return df.sparkSession.createDataFrame(rows, df.schema).coalesce(1)
