"""Answers out to a topic, at least once: what is owed is noted before a batch is published.

A process can die between a batch's commit and its sending. The note says that the batch is owed to
the topic; the next run sends what is owed and takes the note away. Dying in between sends twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from pyspark.sql import functions as F

from shoplake.governance.run import Run


class Outbox:
    """The topic that answers of `table` go to.

    Args:
        run: where the table is.
        table: with `batch`, `message_id` and what is sent of an answer.
        topic: None: nothing is sent, and nothing is owed.
        options: of Spark's Kafka sink.
    """

    def __init__(self, run: Run, table: str, topic: str | None, options: Mapping[str, str]) -> None:
        self._run, self._table, self._topic, self._options = run, table, topic, dict(options)
        self._owed = run.lake.settings.root / "streams" / f"owed-{topic}"

    def owe(self, batch: str) -> None:
        """Note, before the batch is published, that its answers are to be sent."""
        if self._topic is not None:
            self._owed.mkdir(parents=True, exist_ok=True)
            self._note(batch).write_text(batch)

    def send(self, batch: str) -> None:
        """Send a batch's answers as the table has them, under the messages' ids as keys."""
        if self._topic is None:
            return
        rows = self._run.lake.read(self._table).where(F.col("batch") == batch)
        told = F.struct(
            F.col("message_id").alias("id"), "intent", "confidence", "answer", "citations",
            "handover", "reason", "model_version",
        )  # fmt: skip
        keyed = rows.select(F.col("message_id").alias("key"), F.to_json(told).alias("value"))
        keyed.write.format("kafka").options(**self._options).option("topic", self._topic).save()
        self._note(batch).unlink(missing_ok=True)

    def catch_up(self) -> None:
        """Send what runs that were killed had published and not sent."""
        for note in sorted(self._owed.glob("*")) if self._owed.is_dir() else ():
            batch = note.read_text()
            # Whatever the table has, also where the ledger was not told: its messages count as
            # answered. What was not published is made anew by its own source, and owed again.
            if batch and self._run.lake.exists(self._table):
                self.send(batch)
            note.unlink(missing_ok=True)

    def _note(self, batch: str) -> Path:
        return self._owed / sha256(batch.encode()).hexdigest()[:32]
