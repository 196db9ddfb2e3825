"""Turns of dialogues that other batches answered, read from `gold.answers`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pyspark.sql import functions as F

from shoplake.runtime.lake import Lake
from shoplake.serve.assistant.dialogue import State
from shoplake.serve.assistant.inbox import Message, instant
from shoplake.serve.assistant.turns import Turn

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


def earlier_turns(
    lake: Lake, table: str, messages: Iterable[Message], batch: str, hours: float
) -> list[Turn]:
    """What other batches answered in the dialogues of these messages, no older than need be.

    Args:
        lake: where `table` is; it may not be there yet.
        table: of answers.
        messages: to be answered.
        batch: theirs, whose answers are made anew where it was cut off.
        hours: a dialogue is forgotten after.
    """
    found = list(messages)
    sent = [at for m in found if (at := instant(m.sent_at)) is not None]
    whose = {(m.person_key, m.dialogue) for m in found} - {(None, None)}
    if not sent or not whose or not lake.exists(table):
        return []
    rows = lake.read(table)
    if "dialogue" not in rows.columns:  # Its answers are of a version that kept no dialogues.
        return []
    asked = lake.spark.createDataFrame(sorted(whose, key=str), "who string, name string")
    # A day more than need be, so that time zones and ends of ranges do not matter here.
    room = timedelta(hours=hours) + _DAY
    since = max(min(sent), datetime.min.replace(tzinfo=UTC) + room) - room
    theirs = F.col("person_key").eqNullSafe(F.col("who")) & F.col("dialogue").eqNullSafe(
        F.col("name")
    )
    rows = rows.where((F.col("batch") != batch) & (F.col("asked_at") >= F.lit(since)))
    told = rows.join(F.broadcast(asked), theirs, "left_semi").select(
        F.unix_micros("asked_at").alias("at"), "message_id", "person_key", "dialogue",
        "order_id", "product_id",
    )  # fmt: skip
    return [
        Turn(
            _1970 + timedelta(microseconds=row["at"]),
            *(row["message_id"], row["person_key"], row["dialogue"]),
            State(row["order_id"], row["product_id"]),
        )
        for row in told.collect()
    ]
