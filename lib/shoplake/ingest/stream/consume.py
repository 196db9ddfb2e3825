"""A shop's topics into bronze: micro-batch by micro-batch, each once, whatever is killed when."""

from __future__ import annotations

import json
import re
import uuid
import zlib
from collections.abc import Mapping as Dictionary
from datetime import UTC, datetime
from functools import reduce

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from shoplake.errors import ShoplakeError, SourceError
from shoplake.governance.run import Run
from shoplake.ingest.erased import without_erased
from shoplake.ingest.landing import UNREAD, Batch, bring_in
from shoplake.ingest.mapping import mapping_error
from shoplake.ingest.mapping_model import Mapping
from shoplake.ingest.sql_trial import check_sql
from shoplake.ingest.stream.offsets import TABLE, Offsets, Range, Taking
from shoplake.ingest.stream.records import spans_of, streamed, to_records
from shoplake.runtime.console import say
from shoplake.runtime.session import interpret

#: Messages of a batch up to which its rows are written by the driver.
FEW = 50_000
#: Messages of a batch up to which a local session interprets its plans.
INTERPRETED = 10_000


class Consumer:
    """Takes the messages of a shop's topics into bronze, and each once.

    Args:
        run: where to write; used by the stream's thread alone.
        mapping: the shop's mapping.
        options: of Spark's Kafka source (`kafka_options`).

    Attributes:
        batches: how many it has brought in.

    Raises:
        MappingError: no entry has a topic, or its SQL does not run.
    """

    def __init__(self, run: Run, mapping: Mapping, options: Dictionary[str, str]) -> None:
        self.failure: ShoplakeError | None = None
        self.batches = 0
        self._run = run
        self._mapping = streamed(mapping)
        if problems := check_sql(run.lake.spark, self._mapping):
            raise mapping_error(problems)
        self._options = options
        self._topics = {file.topic: file for file in self._mapping.files}
        self._offsets = Offsets(run.lake, run.contracts[TABLE], mapping.shop)
        self._checkpoints = run.lake.settings.root / "streams" / mapping.shop
        known = sorted(self._checkpoints.glob("*/metadata")) if self._checkpoints.is_dir() else []
        now = datetime.now(UTC)
        self.stream = (
            known[-1].parent.name if known else f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
        )
        self._reached: dict[tuple[str, int], int] = {}
        self._told: set[tuple[str, str]] = set()

    def start(self, *, once: bool, interval: str, most: int) -> StreamingQuery:
        """Finish what another checkpoint left half done, then start the query.

        Args:
            once: take what is there now and end, instead of waiting for more.
            interval: how often to look, such as `1 second`.
            most: messages a batch.

        Raises:
            ShoplakeError: Kafka cannot be read.
        """
        for taking in self._offsets.unfinished(self.stream):
            say(self._run.step, f"finishing batch {taking.batch} of stream {taking.stream}")
            self._bring(self._again(taking), taking.stream, taking.batch)
        self._reached = self._offsets.reached(self.stream)
        names = "|".join(re.escape(str(topic)) for topic in self._topics)
        reader = self._run.lake.spark.readStream.format("kafka").options(**self._options)
        # By a pattern, so that a topic that nobody has written to yet is no error.
        messages = (
            reader.option("subscribePattern", f"^({names})$")
            .option("startingOffsets", "earliest")
            .option("maxOffsetsPerTrigger", most)
            .load()
        )
        writer = (
            messages.select("topic", "partition", "offset", "value")
            .writeStream.queryName(f"shoplake-{self._mapping.shop}")
            .foreachBatch(self._take)
            .option("checkpointLocation", str(self._checkpoints / self.stream))
        )
        trigger = {"availableNow": True} if once else {"processingTime": interval}
        return writer.trigger(**trigger).start()  # type: ignore[arg-type]

    def error(self, error: Exception) -> ShoplakeError:
        """What ended the query, for the reader."""
        if self.failure is not None:
            return self.failure
        text = str(error)
        if "PartitionOffsetChanged" in text or "OffsetOutOfRange" in text or "DATA_LOSS" in text:
            return SourceError(
                "Kafka no longer has messages that the stream has not taken, or the topic was"
                f" made anew: {_line(text)}",
                where=str(self._checkpoints / self.stream),
                remedy="to go on with what is there, move that folder away and start the stream;"
                " messages that were taken are not taken again",
            )
        return SourceError(
            f"the stream of {self._mapping.shop} ended: {_line(text)}",
            where=str(self._checkpoints / self.stream),
            remedy="start it again: it goes on where it was. If the folder itself is damaged, move"
            " it away first: governance.offsets knows what was taken",
        )

    def _take(self, messages: DataFrame, batch: int) -> None:
        """One micro-batch; Spark repeats it after a crash, with the same messages."""
        try:
            self._bring(self._new(messages), self.stream, batch)
        except ShoplakeError as error:
            self.failure = error
            raise

    def _new(self, messages: DataFrame) -> DataFrame:
        """The messages that no earlier stream took."""
        old = [
            (F.col("topic") == topic) & (F.col("partition") == part) & (F.col("offset") <= reached)
            for (topic, part), reached in self._reached.items()
        ]
        return messages.where(~reduce(lambda a, b: a | b, old)) if old else messages

    def _again(self, taking: Taking) -> DataFrame:
        """The very messages of a batch."""
        places: dict[str, list[int]] = {}
        first: dict[str, dict[str, int]] = {}
        after: dict[str, dict[str, int]] = {}
        for r in taking.ranges:
            places.setdefault(r.topic, []).append(r.partition)
            first.setdefault(r.topic, {})[str(r.partition)] = r.first
            after.setdefault(r.topic, {})[str(r.partition)] = r.last + 1
        reader = self._run.lake.spark.read.format("kafka").options(**self._options)
        return (
            reader.option("assign", json.dumps(places))
            .option("startingOffsets", json.dumps(first))
            .option("endingOffsets", json.dumps(after))
            .load()
            .select("topic", "partition", "offset", "value")
        )

    def _bring(self, messages: DataFrame, stream: str, batch: int) -> None:
        run, shop = self._run, self._mapping.shop
        with run.lake.held(to_records(messages, self._mapping)) as records:
            ranges, all_sound = self._seen(records)
            taking = Taking(stream, batch, ranges)
            if not ranges:
                return
            self._offsets.plan(taking)
            name = f"{shop}-{stream}-{batch}"
            # Files' batches are numbered from 1; these must not be taken for one of them.
            number = (zlib.crc32(stream.encode()) << 30) + batch
            kept = without_erased(run, self._mapping, records, number)
            transaction = (f"shoplake-stream-{stream}", batch)
            fed = self._fed({r.topic for r in ranges}, all_sound)
            count, spark = sum(r.records for r in ranges), run.lake.settings.spark
            if stream == self.stream and spark.local:
                # The query's own session: code for a few messages takes longer to write than run.
                interpret(messages.sparkSession, count <= INTERPRETED, spark.conf)
            named = Batch(name, transaction, by_topic=True, few=count <= FEW)
            bring_in(run, self._mapping, kept, named, fed)
            self._offsets.close(taking)
        self.batches += 1

    def _seen(self, records: DataFrame) -> tuple[tuple[Range, ...], bool]:
        """What the records span, partition by partition, and whether all could be understood.

        Tells of fields no mapping knows.
        """
        ranges, problems = [], 0
        for file, span in spans_of(records).items():
            topic, _, partition = file.removeprefix("kafka:").rpartition("/")
            ranges.append(Range(topic, int(partition), span.first, span.last, span.records))
            problems += span.problems
            news = {(topic, f) for f in span.fields if f not in self._topics[topic].columns}
            if news - self._told:
                self._told |= news
                names = ", ".join(sorted(field for _, field in news)[:5])
                say(
                    self._run.step,
                    f"[yellow]{topic}: fields no mapping knows are kept in _raw: {names}[/]",
                )
        return tuple(sorted(ranges)), problems == 0

    def _fed(self, topics: set[str], all_sound: bool) -> list[str]:
        """The entities that records of these topics can feed: another table has no commit."""
        files = [file for file in self._mapping.files if file.topic in topics]
        fed = {entity.entity for file in files for entity in file.entities}
        # Of an entry whose every entity has a condition, a record may be nobody's.
        unrouted = any(all(e.where is not None for e in file.entities) for file in files)
        unread = [UNREAD] if unrouted or not all_sound else []
        return [*(e for e in self._mapping.entities if e in fed), *unread]


def wait(query: StreamingQuery, consumer: Consumer, seconds: float) -> bool:
    """Wait until the query ends or time is up; True when it has ended.

    Raises:
        ShoplakeError: it ended by an error.
    """
    try:
        return bool(query.awaitTermination(max(1, round(seconds))))
    except PySparkException as error:
        raise consumer.error(error) from None


def _line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines or ["(no message)"])[0][:300]
