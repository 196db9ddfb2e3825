"""Rows that are few, brought to the driver once instead of being made again for each use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: Rows up to which they are.
MOST = 50_000


@dataclass(frozen=True)
class Few:
    """Rows of a DataFrame, in the driver where they are few.

    Attributes:
        frame: the rows; of one partition if they are in the driver, as what follows is no matter
            for two tasks.
        rows: the same, or None where they are not in the driver.
    """

    frame: DataFrame
    rows: pa.Table | None

    @classmethod
    def of(cls, df: DataFrame, most: int | None = None) -> Few:
        """The rows of `df`: in the driver if they are at most `most`, else as they were."""
        most = MOST if most is None else most
        rows = df.limit(most + 1).toArrow()
        if rows.num_rows > most:
            return cls(df, None)
        return cls(df.sparkSession.createDataFrame(rows, df.schema).coalesce(1), rows)

    @classmethod
    def held(cls, spark: SparkSession, rows: pa.Table, columns: str | None = None) -> Few:
        """Rows that are in the driver already; `columns` is their schema in SQL, if it is told."""
        schema = rows.schema.names if columns is None else columns
        return cls(spark.createDataFrame(rows, schema).coalesce(1), rows)

    def only(self, chosen: pa.ChunkedArray) -> Few:
        """The rows in the driver that a mask chooses."""
        assert self.rows is not None
        rows, frame = self.rows.filter(chosen), self.frame
        return Few(frame.sparkSession.createDataFrame(rows, frame.schema).coalesce(1), rows)

    def values(self, column: str) -> list[object] | None:
        """The values of a column, or None where they are not in the driver."""
        if self.rows is None:
            return None
        found: list[object] = self.rows.column(column).to_pylist()
        return found


def distinct(parts: Iterable[Few], column: str) -> Few:
    """The values that a column of text has in any of the parts, each once, without nulls."""
    held = list(parts)
    frame = held[0].frame
    values = [part.rows.column(column).cast("string") for part in held if part.rows is not None]
    if len(values) == len(held):
        once = pa.chunked_array([c for v in values for c in v.chunks], "string").unique()
        found = pa.table({column: once.drop_null()})
        if found.num_rows <= MOST:
            return Few.held(frame.sparkSession, found, f"{column} string")
    for part in held[1:]:
        frame = frame.select(column).union(part.frame.select(column))
    return Few.of(frame.select(column).where(f"{column} IS NOT NULL").distinct())
