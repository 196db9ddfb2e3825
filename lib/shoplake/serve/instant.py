"""A moment of data time as Spark reads it: UTC, whatever zone this process runs in."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import Column
from pyspark.sql import functions as F


def instant(moment: datetime) -> Column:
    """A timestamp literal; a moment without a zone is in UTC, not in the process's zone."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return F.lit(aware).cast("timestamp")
