"""Messages from a queue or files become rows of `gold.answers`; no Spark here.

Who asks is in the envelope, which the shop's platform writes after a login; the text cannot change
it. An envelope that names nobody properly is not answered as a guest: its row breaks the contract
and is held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from shoplake.governance.personal.detect import mask
from shoplake.serve.assistant.answering import MOST_LETTERS, Answer, Assistant
from shoplake.serve.assistant.desk import Desk, Window
from shoplake.serve.assistant.lake import Reader
from shoplake.serve.assistant.turns import Turn, Turns

_KEY = re.compile(r"[0-9a-f]{32}")
#: The fields of a message: JSON text, all of them texts.
FIELDS = ("id", "person_key", "text", "sent_at", "dialogue")
#: Letters of an id or a dialogue's name, as in the contract of gold.answers.
_LONGEST = 200
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Message:
    """One message: who sent it when; fields are None where the sender left them out.

    Attributes:
        message_id: the sender's own.
        person_key: of who asks; None: a guest.
        text: what was written.
        sent_at: ISO 8601; without a zone it is UTC.
        dialogue: the sender's name of what it belongs to; None: the person's only one.
    """

    message_id: str | None
    person_key: str | None
    text: str | None
    sent_at: str | None
    dialogue: str | None = None


class Inbox:
    """Answers messages of many people; each sees only what is behind their own door.

    Args:
        reader: of the lake.
        come: makes what answers and says when the data end that facts are read from; called once,
            when there is a first message or by `open`.
    """

    def __init__(self, reader: Reader, come: Callable[[], tuple[Assistant, datetime]]) -> None:
        self._reader, self._come = reader, come
        self._windows: dict[bool, Window] = {}

    def open(self) -> None:
        """Make what answers now, so that what is wrong with its settings is said now."""
        _ = self._at_work

    @cached_property
    def _at_work(self) -> tuple[Assistant, datetime]:
        return self._come()

    @property
    def hours(self) -> float:
        """How long a dialogue is remembered."""
        return self._at_work[0].config.session_hours

    def rows(
        self, messages: Iterable[Message], batch: str, before: Iterable[Turn] = ()
    ) -> Iterator[dict[str, Any]]:
        """Rows of `gold.answers`, person by person, each dialogue in the order it was written.

        Args:
            messages: those that can be answered have an id each.
            batch: what they are called together.
            before: turns of the same dialogues in other batches.

        Raises:
            PolicyError: a row of somebody else came through the policies.
            ShoplakeError: a table cannot be read.
        """
        ordered = sorted(messages, key=_place)
        sound = [m for m in ordered if is_answerable(m)]
        if not ordered:
            return
        texts = [str(m.text) for m in sound]
        read = dict(zip(sound, self._at_work[0].read(texts), strict=True))
        reader, turns = self._reader.at_once(), Turns(before, self.hours)
        desk, at = None, None
        for message in ordered:
            answer, sent = None, instant(message.sent_at)
            if message in read and sent is not None:
                if desk is None or at != message.person_key:
                    desk, at = self._desk(reader, message.person_key), message.person_key
                name, whose = str(message.message_id), (message.person_key, message.dialogue)
                answer = desk.ask(read[message], turns.before(whose, sent, name))
                turns.add(Turn(sent, name, *whose, answer.state))
            yield self._row(message, answer, batch)

    def _desk(self, reader: Reader, subject: str | None) -> Desk:
        window = self._windows.setdefault(subject is None, Window(self._reader, subject))
        return Desk(reader, subject, self._at_work[0], window)

    def _row(self, message: Message, answer: Answer | None, batch: str) -> dict[str, Any]:
        text = " ".join((message.text or "").split())
        assistant, as_of = self._at_work
        row: dict[str, Any] = {
            "message_id": message.message_id,
            "batch": batch,
            "person_key": message.person_key,
            "dialogue": message.dialogue,
            "asked_at": instant(message.sent_at),
            "question": mask(text)[:MOST_LETTERS],
            "model_version": assistant.version,
            "as_of": as_of,
        }
        if answer is not None:
            row |= {
                "intent": answer.intent,
                "confidence": answer.confidence,
                "answer": answer.text,
                "citations": [str(citation) for citation in answer.citations],
                "handover": answer.handover,
                "reason": answer.reason or None,
                "order_id": answer.state.order,
                "product_id": answer.state.product,
            }
        return row


def _place(message: Message) -> tuple[str, datetime, str]:
    sent = instant(message.sent_at) or _EARLIEST
    return message.person_key or "", sent, message.message_id or ""


def is_answerable(message: Message) -> bool:
    """Whether its row can enter the table: what is held must not be part of a dialogue either."""
    if not (message.text and message.text.strip()):
        return False
    named = message.person_key is None or _KEY.fullmatch(message.person_key) is not None
    short = max(len(message.message_id or ""), len(message.dialogue or "")) <= _LONGEST
    there = bool(message.message_id) and message.dialogue != ""
    return there and short and named and instant(message.sent_at) is not None


def instant(text: str | None) -> datetime | None:
    """When a message was sent; None where the sender says no time."""
    try:
        at = datetime.fromisoformat((text or "").strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):  # "0001-01-01T00:00+14:00" is before the first year.
        return None
