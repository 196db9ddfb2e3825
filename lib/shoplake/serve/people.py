"""Everyone who may be recommended something: their history as of now, or the group they are in."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.serve.histories import COLUMNS


def everyone(histories: DataFrame, people: DataFrame) -> DataFrame:
    """One row a person of either table.

    Args:
        histories: person_key and the arrays of `features.histories.histories` at one cut.
        people: silver.people.

    Returns:
        person_key, history, history_counts, history_days (null without history), group (the
        segment, else the country, else null).
    """
    grouped = people.select("person_key", F.coalesce("segment", "country").alias("group"))
    return histories.select("person_key", *COLUMNS).join(grouped, "person_key", "full_outer")
