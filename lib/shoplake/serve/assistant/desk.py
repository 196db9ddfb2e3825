"""A desk at which one person asks: the assistant, and the door to what that person may be told."""

from __future__ import annotations

import threading

from shoplake.serve.assistant.answering import Answer, Assistant, Reading
from shoplake.serve.assistant.dialogue import State
from shoplake.serve.assistant.door import Door
from shoplake.serve.assistant.lake import Reader, Rows, open_door, search_of
from shoplake.serve.search import ShopSearch


class Window:
    """Products and the search over them, read again when a table has changed.

    Args:
        reader: of the lake.
        subject: anybody with the role whose window it is; None: the guests'.
    """

    def __init__(self, reader: Reader, subject: str | None) -> None:
        self._reader, self._subject = reader, subject
        self._rows: Rows | None = None
        self._search: ShopSearch | None = None

    def look(self, reader: Reader | None = None) -> tuple[Rows, ShopSearch | None]:
        """What is in it now, or as a reader `at_once` sees it."""
        reader = reader or self._reader
        if self._rows is None or not reader.is_current(self._rows):
            self._rows = reader.window(self._subject)
            self._search = search_of(self._rows)
        return self._rows, self._search


class Desk:
    """Answers one person, or guests, from a lake; looks again when a table has changed.

    Args:
        reader: of the lake.
        subject: the asking person's key, decided by the caller; None for a guest.
        assistant: what answers.
        window: shared by desks of one role (default: its own).
    """

    def __init__(
        self,
        reader: Reader,
        subject: str | None,
        assistant: Assistant,
        window: Window | None = None,
    ) -> None:
        self._reader, self._subject, self._assistant = reader, subject, assistant
        self._window = window or Window(reader, subject)
        self._lock = threading.Lock()
        self._door: Door | None = None
        self._at: tuple[Rows, Rows] | None = None

    def ask(self, text: str | Reading, state: State | None = None) -> Answer:
        """Answer one message, read before or not.

        Raises:
            PolicyError: a row of somebody else came through the policies.
            ShoplakeError: a table cannot be read.
        """
        with self._lock:
            window, search = self._window.look(self._reader)
            return self._assistant.answer(text, self._look(window), state, search)

    def _look(self, window: Rows) -> Door:
        at = self._at
        if (
            self._door is None
            or at is None
            or at[0] is not window
            or not self._reader.is_current(at[1])
        ):
            own = self._reader.own(self._subject)
            self._door = open_door(self._reader, self._subject, window, own)
            self._at = (window, own)
        return self._door
