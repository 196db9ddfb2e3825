"""When what answers is made: it takes seconds, so not for an empty queue."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoplake.errors import SettingsError
from shoplake.runtime.settings import load
from shoplake.serve.assistant.inbox import Inbox, Message
from shoplake.serve.assistant.lake import Reader


def broken() -> tuple:
    raise SettingsError("no such base model", where="conf/models/assistant.yml")


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(Reader(load("local", lake=str(tmp_path))), broken)


def test_nothing_is_made_where_there_is_no_message(inbox: Inbox) -> None:
    assert list(inbox.rows([], "batch")) == []


def test_a_message_has_it_made(inbox: Inbox) -> None:
    with pytest.raises(SettingsError):
        list(inbox.rows([Message("m1", None, None, None)], "batch"))


def test_a_stream_can_have_it_made_before_it_begins(inbox: Inbox) -> None:
    with pytest.raises(SettingsError):
        inbox.open()
