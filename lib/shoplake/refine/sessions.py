"""One row per session: when it was, and what was done in it."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.refine.cast import CAST_FAILURES, FAILURES_TYPE
from shoplake.refine.deduplicate import DUPLICATE_OF
from shoplake.refine.records import close_silver
from shoplake.refine.settings import RefineSettings

COLUMNS = (
    "session_id", "person_key", "shop", "platform", "started_at", "ended_at", "events",
    "products", "purchases", "is_bot",
)  # fmt: skip


def sessions(silver_events: DataFrame, settings: RefineSettings) -> DataFrame:
    """Candidates of `silver.sessions`; the person is the last one the session knew."""
    order = F.struct("occurred_at", "event_id")
    last_known = F.when(F.col("person_key").isNotNull(), order)
    grouped = silver_events.groupBy("session_id").agg(
        F.max_by("person_key", last_known).alias("person_key"),
        F.first("shop").alias("shop"),
        F.min_by("platform", F.when(F.col("platform").isNotNull(), order)).alias("platform"),
        F.min("occurred_at").alias("started_at"),
        F.max("occurred_at").alias("ended_at"),
        F.count(F.lit(1)).cast("int").alias("events"),
        F.count_distinct("product_id").cast("int").alias("products"),
        F.count(F.when(F.col("kind") == "purchase", 1)).cast("int").alias("purchases"),
        F.max("is_bot").alias("is_bot"),
    )
    unfailing = grouped.withColumns(
        {
            CAST_FAILURES: F.array().cast(FAILURES_TYPE),
            DUPLICATE_OF: F.lit(None).cast("string"),
        }
    )
    return close_silver(unfailing, COLUMNS)
