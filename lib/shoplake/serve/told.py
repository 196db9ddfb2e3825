"""What the silver tables tell of what people did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from shoplake.features.interactions import interactions
from shoplake.serve.instant import instant

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Told:
    """silver.orders, silver.events and silver.feedback, or rows of them."""

    orders: DataFrame
    events: DataFrame
    feedback: DataFrame

    def interactions(self) -> DataFrame:
        """The view of `features.interactions.interactions`; a person's rows stand on their own."""
        return interactions(orders=self.orders, events=self.events, feedback=self.feedback)

    def of(self, people: DataFrame) -> Told:
        """What is told of some people: person_key, few enough to be sent round."""
        few = F.broadcast(people)
        parts = (self.orders, self.events, self.feedback)
        return Told(*(part.join(few, "person_key", "left_semi") for part in parts))

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
