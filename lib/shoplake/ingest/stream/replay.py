"""A shop's files as a live stream: their records into its topics, paced by the shop's own time.

Headers say which file and row a message is, so a replay that was stopped looks into the topics
and goes on with what is not there yet.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping as Dictionary
from functools import reduce

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from shoplake.errors import SourceError
from shoplake.ingest.apply import mapped_columns
from shoplake.ingest.entities import ENTITIES
from shoplake.ingest.landing import is_later
from shoplake.ingest.mapping_model import FileMapping, Mapping
from shoplake.ingest.reader import RECORD, list_files, read_files
from shoplake.ingest.stream.records import streamed
from shoplake.runtime.console import say
from shoplake.runtime.lake import Lake

#: What a message is about, in this order: all of a person's messages go to one partition, in order.
_ABOUT = ("person_id", "session_id", "order_id", "product_id")
_FILE, _ROW = "shoplake-file", "shoplake-row"
_TICK_S = 1.0


def replay(
    lake: Lake,
    mapping: Mapping,
    root: str,
    options: Dictionary[str, str],
    *,
    speed: float,
    before: str | None = None,
) -> int:
    """Send the records of a shop's files that its topics do not have yet.

    Args:
        lake: whose session sends.
        mapping: the shop's mapping.
        root: the shop's folder.
        options: of Spark's Kafka sink (`kafka_options`).
        speed: seconds of the shop's time that pass in one of ours; 0 sends all at once.
        before: leave files with this date (yyyy-MM-dd) or a later one in their path.

    Returns:
        How many messages were sent.

    Raises:
        MappingError: no entry has a topic.
        SourceError: the folder is missing, its files do not fit the mapping's entries, or `speed`
            is none.
    """
    if not 0 <= speed < math.inf:
        raise SourceError(f"time cannot go {speed:g} times as fast", remedy="--speed 1000")
    known = streamed(mapping)
    files = [f for f in list_files(lake.spark, known, root) if f.mapping is not None]
    files = [f for f in files if not is_later(f.path, before)]
    if not files:
        raise SourceError(f"{mapping.shop} has no file to replay", where=root)
    with lake.held(read_files(lake.spark, files)) as records:
        parts = [messages(records, known, f) for f in known.files]
        sent = _sent(lake, options, [str(f.topic) for f in known.files])
        fresh = reduce(DataFrame.unionByName, parts).join(sent, ["file", "row"], "left_anti")
        with lake.held(fresh) as waiting:
            return _paced(mapping.shop, waiting, options, speed)


def messages(records: DataFrame, mapping: Mapping, file: FileMapping) -> DataFrame:
    """One message per record of an entry.

    Args:
        records: of `read_files`.
        mapping: of `streamed`.
        file: one of its entries.

    Returns:
        file, row; at: the shop's time, or that of the record before where it has none, or null;
        topic, key, value, headers, as Spark's Kafka sink takes them. A record that could not be
        understood is sent as it was.
    """
    times = [ENTITIES[e.entity].time for e in file.entities]
    wanted = (*_ABOUT, *(t for t in times if t))
    mapped = mapped_columns(records, mapping, file, wanted)
    own = records.where((F.col("kind") == RECORD) & (F.col("entry") == file.path))
    rows = own.join(mapped, ["file", "row"], "left")
    told = [F.col(t).try_cast("timestamp") for t in dict.fromkeys(times) if t in mapped.columns]
    about = [F.col(name) for name in _ABOUT if name in mapped.columns]
    place = F.concat_ws("#", "file", F.col("row").cast("string"))
    so_far = Window.partitionBy("file").orderBy("row")
    at = F.last(F.coalesce(*told, F.lit(None)), ignorenulls=True).over(so_far)
    sent = F.when(F.col("problem").isNull(), F.col("record")).otherwise(
        F.get_json_object("record", "$._line")
    )
    return rows.select(
        "file",
        "row",
        at.cast("timestamp").alias("at"),
        F.lit(file.topic).alias("topic"),
        F.coalesce(*about, place).cast("binary").alias("key"),
        sent.cast("binary").alias("value"),
        F.array(_header(_FILE, F.col("file")), _header(_ROW, F.col("row"))).alias("headers"),
    )


def _header(name: str, value: Column) -> Column:
    text = value.cast("string").cast("binary")
    return F.struct(F.lit(name).alias("key"), text.alias("value"))


def _sent(lake: Lake, options: Dictionary[str, str], topics: list[str]) -> DataFrame:
    """file, row of the messages that are in the topics."""
    pattern = "|".join(t.replace(".", r"\.") for t in topics)
    reader = lake.spark.read.format("kafka").options(**options)
    there = reader.option("subscribePattern", f"^({pattern})$").option("includeHeaders", "true")
    headers = F.map_from_entries("headers")
    return (
        there.load()
        .where(F.exists("headers", lambda h: h["key"] == _FILE))
        .select(
            headers[_FILE].cast("string").alias("file"),
            headers[_ROW].cast("string").cast("bigint").alias("row"),
        )
        .distinct()
    )


def _paced(shop: str, waiting: DataFrame, options: Dictionary[str, str], speed: float) -> int:
    if waiting.isEmpty():
        say("replay", f"{shop}: every record is in its topic")
        return 0
    # What has no time is sent first, with the first of what has one.
    start = waiting.agg(F.min(F.unix_seconds("at"))).collect()[0][0] or 0
    seconds = F.coalesce(F.unix_seconds("at"), F.lit(start)) - F.lit(start)
    tick = F.floor(seconds / F.lit(speed * _TICK_S)) if speed else F.lit(0)
    ticked = waiting.withColumn("tick", tick.cast("bigint"))
    counts = {r[0]: r[1] for r in ticked.groupBy("tick").count().collect()}
    say("replay", f"{shop}: {sum(counts.values()):,} records, {max(counts) * _TICK_S:,.0f} s")
    began, sent = time.monotonic(), 0
    for number in sorted(counts):
        time.sleep(max(0.0, began + number * _TICK_S - time.monotonic()))
        # One task, so that each partition gets its messages in the order of their times.
        due = ticked.where(F.col("tick") == number).coalesce(1)
        due = due.sortWithinPartitions("at", "file", "row")
        due.select("topic", "key", "value", "headers").write.format("kafka").options(
            **options
        ).option("includeHeaders", "true").save()
        sent += counts[number]
        if number % 60 == 0:
            say("replay", f"{shop}: {sent:,} sent")
    say("replay", f"{shop}: {sent:,} sent in {time.monotonic() - began:,.0f} s")
    return sent
