"""A shop's topics into bronze: micro-batch by micro-batch, each once, whatever is killed when."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from functools import reduce

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from shoplake.errors import ShoplakeError, SourceError
from shoplake.governance.maintain.folders import STREAM
from shoplake.governance.run import Run
from shoplake.ingest.begun import keep, kept
from shoplake.ingest.erased import without_erased
from shoplake.ingest.landing import UNREAD, Batch, bring_in
from shoplake.ingest.mapping import mapping_error
from shoplake.ingest.mapping_model import Mapping
from shoplake.ingest.sql_trial import check_sql
from shoplake.ingest.stream.anew import State, assigned, kafka_time, states
from shoplake.ingest.stream.offsets import TABLE, Offsets, Place, Range, Taking
from shoplake.ingest.stream.records import spans_of, streamed, to_records
from shoplake.runtime.console import say
from shoplake.runtime.session import interpret
from shoplake.runtime.spark_errors import SPARK_ERRORS
from shoplake.runtime.trouble import explained

#: Messages of a batch up to which its rows are written by the driver.
FEW = 50_000
#: Messages of a batch up to which a local session interprets its plans.
INTERPRETED = 10_000
#: What Spark says where messages that were not taken are not there.
_LOST = (
    "PartitionOffsetChanged", "OffsetOutOfRange", "DATA_LOSS",
    "data may have been lost", "data may have been missed",
)  # fmt: skip
_AWAY = (
    "to go on with what is there, move that folder away, out of the lake, and start the stream;"
    " messages that were taken are not taken again"
)


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
        self._topics = {file.topic for file in self._mapping.files}
        self._offsets = Offsets(run.lake, run.contracts[TABLE], mapping.shop)
        self._checkpoints = run.lake.settings.root / "streams" / mapping.shop
        there = self._checkpoints.glob("*/metadata") if self._checkpoints.is_dir() else ()
        known = sorted(p.parent.name for p in there if STREAM.fullmatch(p.parent.name))
        self.stream = known[-1] if known else self._offsets.next_name()
        self._reached: dict[Place, int] = {}
        self._told: set[tuple[str, str]] = set()

    def start(self, *, once: bool, interval: str, most: int) -> StreamingQuery:
        """Finish what another checkpoint left half done, then start the query.

        Args:
            once: take what is there now and end, instead of waiting for more.
            interval: how often to look, such as `1 second`.
            most: messages a batch.

        Raises:
            ShoplakeError: Kafka cannot be read, a topic was made anew since the checkpoint, or
                `most` lets no message in.
        """
        if most < 1:
            raise SourceError(f"a batch of at most {most} messages", remedy="--most 50000")
        try:
            for taking in self._offsets.unfinished(self.stream):
                self._finish(taking)
            self._check_topics()
            self._reached = self._passed_over()
        except SPARK_ERRORS as error:
            raise self.error(error) from None
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
            messages.select("topic", "partition", "offset", "value", "timestamp")
            .writeStream.queryName(f"shoplake-{self._mapping.shop}")
            .foreachBatch(self._take)
            .option("checkpointLocation", str(self._checkpoints / self.stream))
        )
        trigger = {"availableNow": True} if once else {"processingTime": interval}
        try:
            return writer.trigger(**trigger).start()  # type: ignore[arg-type]
        except SPARK_ERRORS as error:
            raise self.error(error) from None

    def error(self, error: Exception) -> ShoplakeError:
        """What ended the query, for the reader."""
        if self.failure is not None:
            return self.failure
        text = str(error)
        if any(sign in text for sign in _LOST):
            return SourceError(
                "Kafka no longer has messages that the stream has not taken, or the topic was"
                f" made anew: {_line(text)}",
                where=str(self._checkpoints / self.stream),
                remedy=_AWAY,
            )
        if known := explained(error, self._run.lake.settings.lake):
            return known
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
        except Exception as error:
            known = error if isinstance(error, ShoplakeError) else None
            self.failure = known or explained(error, self._run.lake.settings.lake)
            raise

    def _new(self, messages: DataFrame) -> DataFrame:
        """The messages that no earlier stream took."""
        old = [
            (F.col("topic") == topic) & (F.col("partition") == part) & (F.col("offset") <= reached)
            for (topic, part), reached in self._reached.items()
        ]
        return messages.where(~reduce(lambda a, b: a | b, old)) if old else messages

    def _finish(self, taking: Taking) -> None:
        """Take again what another checkpoint left half done, as far as Kafka has it."""
        name = f"batch {taking.batch} of stream {taking.stream}"
        say(self._run.step, f"finishing {name}")
        found = self._states(taking.ranges)
        there = tuple(r for r in taking.ranges if found.get(r) == "same")
        for r in sorted(set(taking.ranges) - set(there)):
            where = f"{r.topic}/{r.partition} {r.first} to {r.last}"
            say(self._run.step, f"[yellow]{name}: {where} can no longer be had[/]")
        if there:
            first = {r.place: r.first for r in there}
            after = {r.place: r.last + 1 for r in there}
            messages = assigned(self._run.lake.spark, self._options, first, after)
            self._bring(messages, taking.stream, taking.batch)

    def _check_topics(self) -> None:
        """Whether the checkpoint is one of these topics: one made anew begins at 0 again."""
        found = self._states(self._offsets.planned(self.stream))
        for r, state in sorted(found.items()):
            if state == "other":
                raise SourceError(
                    f"topic {r.topic} was made anew: offset {r.last} of its partition {r.partition}"
                    " is not the message that was taken",
                    where=str(self._checkpoints / self.stream),
                    remedy=_AWAY,
                )

    def _passed_over(self) -> dict[Place, int]:
        """Up to where earlier streams took the messages of the topics that are there now."""
        begun, before = self._offsets.begun(self.stream), self._offsets.reached(self.stream)
        found = self._states([r for r in before if r.place not in begun])
        # Where this stream has begun, it was decided then.
        return {
            r.place: r.last
            for r in before
            if found.get(r) in ("same", "gone") or begun.get(r.place, -1) > r.last
        }

    def _states(self, ranges: Iterable[Range]) -> dict[Range, State]:
        """What has become of the messages of the mapping's topics."""
        known = [r for r in ranges if r.topic in self._topics]
        return states(self._run.lake.spark, self._options, known)

    def _bring(self, messages: DataFrame, stream: str, batch: int) -> None:
        run, shop = self._run, self._mapping.shop
        copy = f"{shop}-{stream}"
        mapping = self._mapping
        if self._offsets.is_planned(stream, batch):
            mapping = streamed(kept(run.lake.settings, mapping, copy, run.step))
        with run.lake.held(to_records(messages, mapping)) as records:
            ranges, all_sound = self._seen(records, mapping)
            taking = Taking(stream, batch, ranges)
            if stream == self.stream:
                self._offsets.check(taking, str(self._checkpoints / stream))
            if not ranges:
                return
            if mapping is self._mapping:
                keep(run.lake.settings, mapping, copy)
            self._offsets.plan(taking)
            name = f"{shop}-{stream}-{batch}"
            # Files' batches are numbered from 1; these must not be taken for one of them.
            number = (zlib.crc32(stream.encode()) << 30) + batch
            ours = without_erased(run, mapping, records, number)
            transaction = (f"shoplake-stream-{stream}", batch)
            fed = _fed(mapping, {r.topic for r in ranges}, all_sound)
            count, spark = sum(r.records for r in ranges), run.lake.settings.spark
            if stream == self.stream and spark.local:
                # The query's own session: code for a few messages takes longer to write than run.
                interpret(messages.sparkSession, count <= INTERPRETED, spark.conf)
            named = Batch(name, transaction, by_topic=True, few=count <= FEW)
            bring_in(run, mapping, ours, named, fed)
            self._offsets.close(taking)
        self.batches += 1

    def _seen(self, records: DataFrame, mapping: Mapping) -> tuple[tuple[Range, ...], bool]:
        """What the records span, partition by partition, and whether all could be understood.

        Tells of fields no mapping knows.
        """
        ranges, problems = [], 0
        columns = {file.topic: file.columns for file in mapping.files}
        for file, span in spans_of(records).items():
            topic, _, partition = file.removeprefix("kafka:").rpartition("/")
            said = (span.first, span.last, span.records, kafka_time(span.sent_at))
            ranges.append(Range(topic, int(partition), *said))
            problems += span.problems
            news = {(topic, f) for f in span.fields if f not in columns[topic]}
            if news - self._told:
                self._told |= news
                names = ", ".join(sorted(field for _, field in news)[:5])
                say(
                    self._run.step,
                    f"[yellow]{topic}: fields no mapping knows are kept in _raw: {names}[/]",
                )
        return tuple(sorted(ranges)), problems == 0


def _fed(mapping: Mapping, topics: set[str], all_sound: bool) -> list[str]:
    """The entities that records of these topics can feed: another table has no commit."""
    files = [file for file in mapping.files if file.topic in topics]
    fed = {entity.entity for file in files for entity in file.entities}
    # Of an entry whose every entity has a condition, a record may be nobody's.
    unrouted = any(all(e.where is not None for e in file.entities) for file in files)
    unread = [UNREAD] if unrouted or not all_sound else []
    return [*(e for e in mapping.entities if e in fed), *unread]


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
    """What it is about: the cause furthest down, else the first line that is not Py4J's own."""
    lines = [line.strip().lstrip(": ") for line in text.splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    own = [line for line in lines if not line.startswith("An error occurred while calling")]
    said = [*causes[-1:], *own, "(no message)"][0]
    return re.sub(r"^(?:[\w$]+\.)+(?=[A-Z]\w*(?::|$))", "", said)[:300]
