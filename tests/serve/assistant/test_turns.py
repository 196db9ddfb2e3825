"""Messages of a queue are answered as parts of a dialogue, wherever one batch ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chat_lake import ANN, BOB

from shoplake.runtime.settings import Settings
from shoplake.serve.assistant.answering import Answer, Assistant
from shoplake.serve.assistant.dialogue import State
from shoplake.serve.assistant.inbox import Inbox, Message, instant
from shoplake.serve.assistant.lake import Reader
from shoplake.serve.assistant.turns import Turn, Turns

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MUG, VASE = State(product="shop:MUG"), State(product="shop:VASE")


def said(
    name: str, who: str | None, text: str, minute: int, dialogue: str | None = None
) -> Message:
    at = (NOON + timedelta(minutes=minute)).isoformat()
    return Message(name, who, text, at, dialogue)


#: Ids are not in the order in which they were sent.
DIALOGUE = [
    said("z", ANN, "what is in order A-100?", 0),
    said("m", BOB, "is the glass vase in stock?", 1),
    said("b", ANN, "how much was it?", 2),
    said("a", BOB, "how much is it?", 3),
    said("c", ANN, "is it on its way?", 4),
]


@pytest.fixture
def inbox(lake: Settings, assistant: Assistant) -> Inbox:
    return Inbox(Reader(lake), lambda: (assistant, NOON))


def turns(rows: Iterable[dict[str, Any]]) -> list[Turn]:
    """What `gold.answers` tells the next batch."""
    return [
        Turn(r["asked_at"], r["message_id"], r["person_key"], r["dialogue"],
             State(r["order_id"], r["product_id"]))
        for r in rows if "answer" in r
    ]  # fmt: skip


def answered(inbox: Inbox, *batches: list[Message]) -> dict[str, dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for messages in batches:
        found += list(inbox.rows(messages, "batch", turns(found)))
    return {row["message_id"]: row for row in found}


def test_a_message_is_answered_from_what_was_spoken_of_before(
    inbox: Inbox, ask: Callable[..., Answer]
) -> None:
    rows = answered(inbox, DIALOGUE)
    chat = ask(ANN, "how much was it?", ask(ANN, "what is in order A-100?").state)
    assert rows["b"]["answer"] == chat.text
    assert "A-100" in rows["b"]["answer"]
    assert "A-100" in rows["c"]["answer"]
    assert "19.00 GBP" in rows["a"]["answer"]


@pytest.mark.parametrize("border", range(1, len(DIALOGUE)))
def test_it_does_not_matter_where_a_batch_ends(inbox: Inbox, border: int) -> None:
    parted, whole = answered(inbox, DIALOGUE[:border], DIALOGUE[border:]), answered(inbox, DIALOGUE)
    # A model's last digits depend on how many messages it reads at once.
    sure = [[rows[m].pop("confidence") for m in sorted(rows)] for rows in (parted, whole)]
    assert sure[0] == pytest.approx(sure[1], abs=1e-5)
    assert parted == whole


def test_each_dialogue_of_a_person_is_its_own(inbox: Inbox) -> None:
    rows = answered(
        inbox,
        [
            said("1", ANN, "what is in order A-100?", 0, "mail"),
            said("2", ANN, "how much was it?", 1, "chat"),
            said("3", None, "is the glass vase in stock?", 2),
            said("4", None, "how much is it?", 3),
            said("5", None, "how much is the glass vase?", 4, "tab"),
            said("6", None, "how much is it?", 5, "tab"),
        ],
    )
    assert "A-100" not in rows["2"]["answer"]
    assert rows["4"]["product_id"] is None
    assert "19.00 GBP" in rows["6"]["answer"]


def test_what_cannot_enter_the_table_is_in_no_dialogue(inbox: Inbox) -> None:
    rows = answered(
        inbox,
        [
            said("x" * 201, ANN, "what is in order A-100?", 0),
            said("1", ANN, "how much was it?", 1),
            said("2", ANN, "how much was it?", 1, "d" * 201),
        ],
    )
    assert "A-100" not in rows["1"]["answer"]
    assert "answer" not in rows["x" * 201]
    assert "answer" not in rows["2"]


def test_a_time_before_the_first_year_is_no_time() -> None:
    assert instant("0001-01-01T00:00:00+14:00") is None


def test_the_last_turn_before_a_message_counts_and_no_later_one() -> None:
    hour = timedelta(hours=1)
    known = Turns([Turn(NOON + 2 * hour, "2", ANN, None, VASE), Turn(NOON, "1", ANN, None, MUG)], 2)
    whose = (ANN, None)
    assert known.before(whose, NOON + hour, "9") == MUG
    assert known.before(whose, NOON + 3 * hour, "9") == VASE
    assert known.before(whose, NOON + 2 * hour, "1") == MUG  # of one time, by id
    assert known.before(whose, NOON, "1") == State()
    assert known.before((BOB, None), NOON + hour, "9") == State()


def test_a_dialogue_is_forgotten() -> None:
    known = Turns([Turn(NOON, "1", ANN, None, MUG)], 2)
    assert known.before((ANN, None), NOON + timedelta(hours=2), "2") == MUG
    assert known.before((ANN, None), NOON + timedelta(hours=2, seconds=1), "2") == State()
