"""Messages from the lake, files or a Kafka topic into `gold.answers`; answers out to a topic."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming import StreamingQuery

from shoplake.contracts.ddl import schema
from shoplake.errors import ShoplakeError, SourceError
from shoplake.governance.ledger import Counts
from shoplake.governance.publish import publish
from shoplake.governance.quarantine import quarantine_contract
from shoplake.governance.run import Run
from shoplake.runtime.alone import alone
from shoplake.runtime.console import Clock
from shoplake.serve.assistant.earlier import earlier_turns
from shoplake.serve.assistant.erased import without_erased
from shoplake.serve.assistant.inbox import FIELDS, Inbox, Message, is_answerable
from shoplake.serve.assistant.lake import COLUMNS
from shoplake.serve.assistant.outbox import Outbox

TABLE = "gold.answers"
#: Columns that the message decides, and those that the facts decide as well.
_UNDERSTOOD = ("question", "intent", "confidence", "answer", "handover", "reason")
_FROM_FACTS = ("answer", "citations", "handover", "reason", "order_id", "product_id")
_SENT = ("message_id", "person_key", "channel", "text", "sent_at")
_FIELDS = ", ".join(f"{name} string" for name in FIELDS)


class AnswerQueue:
    """Answers batches of messages, each message once.

    The table has each answer once, whatever is killed when: a batch is made anew as a whole, and a
    message that an earlier batch answered is left out. The topic has it at least once, under the
    message's id as its key.

    Args:
        run: where to write; used by the stream's thread alone.
        inbox: what answers.
        options: of Spark's Kafka source and sink, where Kafka is used.
        out: topic that answers go to; None: the table alone.
    """

    def __init__(
        self,
        run: Run,
        inbox: Inbox,
        options: Mapping[str, str] | None = None,
        out: str | None = None,
    ) -> None:
        self._run, self._inbox = run, inbox
        self._options = dict(options or {})
        self._out = Outbox(run, TABLE, out, self._options)
        self.failure: ShoplakeError | None = None

    def folder(self, path: str) -> Counts | None:
        """Answer the messages of a folder of JSON lines that have no answer yet.

        Returns:
            The batch's counts; None where nothing is new.

        Raises:
            SourceError: there is no such folder, or no message in it.
        """
        self._send_owed()
        try:
            lines = self._run.lake.spark.read.text(path, recursiveFileLookup=True)
            rows = messages(lines.selectExpr("value")).collect()
        except PySparkException as error:
            raise SourceError(
                f"messages cannot be read: {str(error).splitlines()[0][:200]}", where=path
            ) from None
        if not rows:
            raise SourceError("no messages here", where=path, remedy='{"id": ..., "text": ...}')
        # Before the batch is named: who is not known yet is answered when they are.
        rows = without_erased(self._run, rows)
        if not rows:
            return None
        batch = _named("files", rows)
        for other, ids in self._cut_off("files").items():
            # A batch is made as a whole: where a file of it is gone, its answers stay as they are.
            if other != batch and ids <= {row["id"] for row in rows}:
                self.take([row for row in rows if row["id"] in ids], other)
        if self._run.ledger.find(self._run.contracts[TABLE], batch) is not None:
            return None
        return self.take(rows, batch)

    def lake(self, most: int, shop: str | None = None) -> int:
        """Answer the messages of `silver.messages` that have no answer yet, oldest first.

        Args:
            most: messages a batch. What a run that was killed had begun is finished first.
            shop: messages to this shop alone.

        Returns:
            How many were new.
        """
        run, lake, answered = self._run, self._run.lake, 0
        self._send_owed()
        if not lake.exists("silver.messages"):
            return 0
        sent = lake.read("silver.messages")
        source = "lake" if shop is None else f"lake:{shop}"
        if shop is not None:
            sent = sent.where(F.col("shop") == shop)
        sent = sent.select(
            F.col("message_id").alias("id"),
            "person_key",
            "text",
            F.date_format("sent_at", "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX").alias("sent_at"),
            # Guests of a channel are many, and have no dialogue together.
            F.expr("CASE WHEN person_key IS NOT NULL THEN channel END").alias("dialogue"),
        )
        for batch, ids in self._cut_off(source).items():
            self.take(sent.where(F.col("id").isin(list(ids))).collect(), batch)
        while True:
            waiting = sent.join(self._told(), "id", "left_anti")
            rows = waiting.orderBy("sent_at", "id").limit(most).collect()
            if not rows:
                return answered
            self.take(rows, self._new_name(source, rows))
            # The driver holds the messages, so no plan tells whose columns these are.
            run.lineage.flows(
                TABLE, ("message_id", "person_key", "dialogue", "asked_at", *_UNDERSTOOD),
                sources={"silver.messages": _SENT},
                name="messages",
            )  # fmt: skip
            answered += len(rows)

    def _cut_off(self, source: str) -> dict[str, set[str]]:
        """Messages by batch, of batches of a source that the ledger was not told of."""
        contract = self._run.contracts[TABLE]
        missed = self._told().where(F.col("batch_id").startswith(f"{source}-"))
        names = [row[0] for row in missed.select("batch_id").distinct().collect()]
        names = [name for name in names if self._run.ledger.find(contract, name) is None]
        found: dict[str, set[str]] = {}
        for row in missed.where(F.col("batch_id").isin(names)).collect() if names else ():
            found.setdefault(row["batch_id"], set()).add(row["id"])
        return found

    def _new_name(self, source: str, rows: list[Any]) -> str:
        """A batch's name; another one where its answers are on record and the table lost them."""
        contract, name, again = self._run.contracts[TABLE], _named(source, rows), 1
        while self._run.ledger.find(contract, name) is not None:
            again += 1
            name = f"{_named(source, rows)}-{again}"
        return name

    def _send_owed(self) -> None:
        # A batch that is being published is owed, and not there yet.
        with alone(self._run.lake.settings, TABLE, self._run.step):
            self._out.catch_up()

    def _told(self) -> DataFrame:
        """Messages that were answered or held: id, batch_id."""
        lake = self._run.lake
        told = lake.spark.createDataFrame([], "id string, batch_id string")
        held = quarantine_contract(self._run.contracts[TABLE]).table
        for table, message, batch in (
            (TABLE, F.col("message_id"), "batch"),
            (held, F.get_json_object("record", "$.message_id"), "batch_id"),
        ):
            if lake.exists(table):
                rows = lake.read(table)
                told = told.unionByName(
                    rows.select(message.alias("id"), rows[batch].alias("batch_id"))
                )
        return told

    def start(self, topic: str, *, once: bool, interval: str, most: int) -> StreamingQuery:
        """Answer the messages of a topic as they come, or those that are there.

        Args:
            topic: its values are JSON objects with the `inbox.FIELDS`.
            once: take what is there now and end.
            interval: how often to look, such as `1 second`.
            most: messages a batch.
        """
        self._send_owed()
        folder = self._run.lake.settings.root / "streams" / f"answers-{topic}"
        known = sorted(folder.glob("*/metadata")) if folder.is_dir() else []
        now = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
        stream = known[-1].parent.name if known else now

        def take(values: DataFrame, number: int) -> None:
            try:
                rows = without_erased(self._run, messages(values).collect())
                self.take(rows, f"{topic}-{stream}-{number}")
            except ShoplakeError as error:
                self.failure = error
                raise

        reader = self._run.lake.spark.readStream.format("kafka").options(**self._options)
        reader = reader.option("subscribe", topic).option("startingOffsets", "earliest")
        values = reader.option("maxOffsetsPerTrigger", most).load()
        writer = values.selectExpr("CAST(value AS STRING) AS value").writeStream
        writer = writer.queryName(f"shoplake-answers-{topic}").foreachBatch(take)
        trigger = {"availableNow": True} if once else {"processingTime": interval}
        writer = writer.option("checkpointLocation", str(folder / stream))
        return writer.trigger(**trigger).start()  # type: ignore[arg-type]

    def take(self, rows: list[Any], batch: str) -> Counts | None:
        """Answer one batch: into the table, then out to the topic.

        Another process of the machine that answers is waited for: else both would answer a message.

        Args:
            rows: of `messages`.
            batch: what it is called; the same for the same messages.
        """
        with alone(self._run.lake.settings, TABLE, self._run.step):
            return self._take(rows, batch)

    def _take(self, rows: list[Any], batch: str) -> Counts | None:
        run, clock = self._run, Clock()
        contract = run.contracts[TABLE]
        run.gate.admit(contract)
        run.ledger.told_by_others(contract)  # by whom this one may have waited for
        done = run.ledger.find(contract, batch)
        if done is not None:
            # A stream repeats a batch only where it was cut off, maybe before it was sent.
            self._out.send(batch)
            return done
        fresh, repeated = self._fresh(rows, batch)
        if not fresh:
            return None
        columns = contract.column_names
        before = earlier_turns(run.lake, TABLE, fresh, batch, self._inbox.hours)
        made = [
            tuple(row.get(c) for c in columns) for row in self._inbox.rows(fresh, batch, before)
        ]
        candidate = run.lake.spark.createDataFrame(made, _nullable(schema(contract)))
        self._out.owe(batch)
        with run.lineage.building(contract, {}, ()) as building:
            building.made(candidate)
            self._tell_sources()
            counts = publish(
                run.lake, run.ledger, candidate, contract,
                step=run.step, batch=batch, inputs={}, rows_in=len(fresh) + repeated,
                collapsed=repeated,
            )  # fmt: skip
            building.published(counts)
        run.report(TABLE, counts, clock)
        self._out.send(batch)
        return counts

    def _tell_sources(self) -> None:
        """Record the tables that the facts come from: the assistant reads them without Spark."""
        lake = self._run.lake
        read = {table: columns for table, columns in COLUMNS.items() if lake.exists(table)}
        self._run.lineage.flows(TABLE, _FROM_FACTS, sources=read, name="facts")

    def _fresh(self, rows: list[Any], batch: str) -> tuple[list[Message], int]:
        """The messages that no other batch has answered, and how many more say the same id again.

        Of those with one id the first that can be answered is; one that cannot be, beside it, is
        kept too, to be held.
        """
        found: dict[str, list[Message]] = {}
        for row in rows:
            message = Message(*(row[name] for name in FIELDS))
            found.setdefault(message.message_id or f"\0{len(found)}", []).append(message)
        lake = self._run.lake
        if lake.exists(TABLE) and found:
            ids = lake.spark.createDataFrame([(i,) for i in found], "message_id string")
            old = lake.read(TABLE).where(F.col("batch") != batch).join(ids, "message_id")
            for row in old.select("message_id").collect():
                found.pop(row["message_id"], None)
        fresh: list[Message] = []
        for same in found.values():
            fresh += [m for m in same if is_answerable(m)][:1]
            fresh += [m for m in same if not is_answerable(m)][:1]
        return fresh, sum(map(len, found.values())) - len(fresh)


def messages(values: DataFrame) -> DataFrame:
    """The fields of JSON texts; one that is no JSON object has none of them."""
    rows = values.select(F.from_json("value", _FIELDS, {"mode": "PERMISSIVE"}).alias("m"))
    return rows.selectExpr(*(f"m.{name} AS {name}" for name in FIELDS))


def _named(source: str, rows: list[Any]) -> str:
    """A batch's name: the same for the same messages."""
    digest = hashlib.sha256(repr(sorted(map(repr, rows))).encode()).hexdigest()[:20]
    return f"{source}-{digest}"


def _nullable(kinds: Any) -> Any:
    """The same schema without NOT NULL: rows that break it are to be held, not to raise."""
    from pyspark.sql.types import StructField, StructType

    return StructType([StructField(f.name, f.dataType, True) for f in kinds])
