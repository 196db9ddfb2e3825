"""Where the dialogues of a queue stood before each message; no Spark here.

A dialogue is a person's, and has the name that the sender gives it; without a name it is the only
one of that person. A guest is nobody in particular, so that only a name joins a guest's messages.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shoplake.serve.assistant.dialogue import State

Whose = tuple[str | None, str | None]


@dataclass(frozen=True, order=True)
class Turn:
    """A message that was answered, and where its dialogue stood afterwards.

    Attributes:
        sent_at: when, with a zone.
        message_id: the sender's own; which goes first of two of one time.
        person_key: of who asked; None: a guest.
        dialogue: its name; None: it has none.
        state: afterwards.
    """

    sent_at: datetime
    message_id: str
    person_key: str | None = field(compare=False)
    dialogue: str | None = field(compare=False)
    state: State = field(compare=False)


class Turns:
    """Turns of many dialogues, in the order in which they were sent.

    What a message is answered from is the last turn sent before it, whichever batch that was in.

    Args:
        known: turns of earlier batches.
        hours: a dialogue is forgotten so long after its last message.
    """

    def __init__(self, known: Iterable[Turn], hours: float) -> None:
        self._patience = timedelta(hours=hours)
        self._turns: dict[Whose, list[Turn]] = {}
        for turn in known:
            self.add(turn)

    def add(self, turn: Turn) -> None:
        """Remember a turn."""
        whose = (turn.person_key, turn.dialogue)
        if whose != (None, None):
            insort(self._turns.setdefault(whose, []), turn)

    def before(self, whose: Whose, sent_at: datetime, message_id: str) -> State:
        """Where a dialogue stood when a message was sent; a new one where it was forgotten."""
        turns = self._turns.get(whose, [])
        at = bisect_left(turns, (sent_at, message_id), key=lambda t: (t.sent_at, t.message_id))
        if not at or sent_at - turns[at - 1].sent_at > self._patience:
            return State()
        return turns[at - 1].state
