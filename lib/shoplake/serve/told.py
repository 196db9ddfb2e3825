"""What the silver tables tell of what people did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import functions as F

from shoplake.contracts.ddl import schema
from shoplake.features.behaviour import TABLES
from shoplake.features.interactions import interactions
from shoplake.serve.instant import instant

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Pinned
    from shoplake.runtime.few import Few


@dataclass(frozen=True)
class Told:
    """silver.orders, silver.events and silver.feedback, or rows of them."""

    orders: DataFrame
    events: DataFrame
    feedback: DataFrame

    def interactions(self) -> DataFrame:
        """The view of `features.interactions.interactions`; a person's rows stand on their own."""
        return interactions(orders=self.orders, events=self.events, feedback=self.feedback)

    @classmethod
    def by(cls, read: Pinned, whose: Few) -> Told:
        """What the silver tables tell of some people."""
        return cls(*(rows_of(read, table, whose) for table in TABLES))

    def beside(self, events: DataFrame) -> Told:
        """With further events."""
        return replace(self, events=self.events.unionByName(events))

    def since(self, at: datetime) -> Told:
        """What happened at or after `at`."""
        return Told(
            self.orders.where(F.col("ordered_at") >= instant(at)),
            self.events.where(F.col("occurred_at") >= instant(at)),
            self.feedback.where(F.col("occurred_at") >= instant(at)),
        )


def rows_of(read: Pinned, table: str, whose: Few) -> DataFrame:
    """The rows of some people; in a lake of folders, of few people, in the driver by no Spark job.

    Args:
        read: of the pinned table.
        table: has the column person_key.
        whose: has the column person_key.
    """
    lake, version, keys = read.run.lake, read.versions.get(table), whose.values("person_key")
    if version is None or keys is None or lake.settings.catalog:
        return read(table).join(F.broadcast(whose.frame), "person_key", "left_semi")
    kind = schema(read.run.contracts[table])
    try:
        rows = lake.arrow(table, kind.names, version, ("person_key", [str(k) for k in keys]))
    except pa.ArrowInvalid:  # the table is from before one of its contract's columns
        return read(table).join(F.broadcast(whose.frame), "person_key", "left_semi")
    return lake.spark.createDataFrame(rows, kind).coalesce(1)
