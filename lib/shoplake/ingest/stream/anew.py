"""Whether Kafka still has the messages that were taken, or a topic was made anew under its name.

A topic made anew begins again at 0, so that an offset alone says nothing of it. The message that
has the offset of one that was taken has another time then.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Literal

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplake.ingest.stream.offsets import Place, Range
from shoplake.runtime.spark_errors import SPARK_ERRORS

#: same: the last message is there, or what came after it; other: another message has its offset;
#: gone: it is not there, though later ones are; emptied: nor is any later one.
State = Literal["same", "other", "gone", "emptied"]
_EPOCH = datetime(1970, 1, 1)
#: What Spark says of a topic, a partition or an offset that is not there.
_NOWHERE = (
    "UnknownTopicOrPartition", "don't match what are assigned", "is after the ending offset",
)  # fmt: skip


def kafka_time(milliseconds: int | None) -> datetime | None:
    """A message's time, naive and in UTC."""
    return None if milliseconds is None else _EPOCH + timedelta(milliseconds=milliseconds)


def assigned(
    spark: SparkSession,
    options: Mapping[str, str],
    first: Mapping[Place, int],
    after: Mapping[Place, int],
) -> DataFrame:
    """Messages of partitions, from an offset up to another, which is left out; -1: all."""
    reader = spark.read.format("kafka").options(**options)
    topics = {topic: sorted(map(int, own)) for topic, own in _by_topic(first).items()}
    return (
        reader.option("assign", json.dumps(topics))
        .option("startingOffsets", json.dumps(_by_topic(first)))
        .option("endingOffsets", json.dumps(_by_topic(after)))
        .load()
    )


def states(
    spark: SparkSession, options: Mapping[str, str], ranges: Collection[Range]
) -> dict[Range, State]:
    """What has become of the last message of each range.

    Args:
        spark: the session.
        options: of Spark's Kafka source.
        ranges: what was taken; one of a partition.
    """
    times = _times(spark, options, ranges)
    found: dict[Range, State] = {}
    for r in ranges:
        if r.place in times:
            # Without a time on record nobody can tell.
            known = r.sent_at is None or r.sent_at == times[r.place]
            found[r] = "same" if known else "other"
        else:
            found[r] = "gone" if _goes_on(spark, options, r) else "emptied"
    return found


def _times(
    spark: SparkSession, options: Mapping[str, str], ranges: Collection[Range]
) -> dict[Place, datetime | None]:
    """When the messages at the ranges' last offsets were sent; those that are there."""
    if not ranges:
        return {}
    first = {r.place: r.last for r in ranges}
    after = {place: last + 1 for place, last in first.items()}
    # What is not there shall be found out, and end nothing.
    lenient = {**options, "failOnDataLoss": "false"}
    try:
        rows = (
            assigned(spark, lenient, first, after)
            .select("topic", "partition", "offset", F.unix_millis("timestamp").alias("sent_at"))
            .collect()
        )
    except SPARK_ERRORS as error:
        if not _is_nowhere(error):
            raise
        if len(ranges) == 1:
            return {}
        one_by_one = [_times(spark, options, [r]) for r in ranges]
        return {place: at for found in one_by_one for place, at in found.items()}
    there = [row for row in rows if first[row.topic, row.partition] == row.offset]
    return {(row.topic, row.partition): kafka_time(row.sent_at) for row in there}


def _goes_on(spark: SparkSession, options: Mapping[str, str], r: Range) -> bool:
    """Whether the partition has messages after a range."""
    lenient = {**options, "failOnDataLoss": "false"}
    try:
        later = assigned(spark, lenient, {r.place: r.last + 1}, {r.place: -1})
        return not later.where(F.col("offset") > r.last).isEmpty()
    except SPARK_ERRORS as error:
        if not _is_nowhere(error):
            raise
        return False


def _is_nowhere(error: Exception) -> bool:
    return any(text in str(error) for text in _NOWHERE)


def _by_topic(places: Mapping[Place, int]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (topic, partition), value in places.items():
        found.setdefault(topic, {})[str(partition)] = value
    return found
