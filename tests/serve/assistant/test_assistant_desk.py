"""A desk answers from the lake as it is now, and people who share a window keep their own rows."""

from __future__ import annotations

from pathlib import Path

from chat_lake import ANN, BOB, NOW, PRODUCTS, order, product, write, write_lake

from shoplake.serve.assistant.answering import Assistant
from shoplake.serve.assistant.desk import Desk, Window
from shoplake.serve.assistant.inbox import Inbox, Message
from shoplake.serve.assistant.lake import Reader


def test_a_new_order_and_a_new_price_are_told_at_once(tmp_path: Path, assistant: Assistant) -> None:
    settings = write_lake(tmp_path)
    desk = Desk(Reader(settings), ANN, assistant)
    assert "AC-40177" in desk.ask("where is my order?").text
    assert "4.50 GBP" in desk.ask("how much is the red mug?").text
    write(settings, "silver.orders", [order(ANN, "AC-50000", "7.00", "2026-02-28")])
    changed = [product(i, n, d, "5.75" if n == "Red Mug" else p, s) for i, n, d, p, s in PRODUCTS]
    write(settings, "silver.products", changed)
    answer = desk.ask("where is my order?")
    assert "AC-50000" in answer.text
    assert answer.citations[0].version == 1
    assert "5.75 GBP" in desk.ask("how much is the red mug?").text


def test_people_with_one_window_have_their_own_orders(tmp_path: Path, assistant: Assistant) -> None:
    reader = Reader(write_lake(tmp_path))
    window = Window(reader, ANN)
    ann, bob = (Desk(reader, who, assistant, window) for who in (ANN, BOB))
    assert "AC-40177" in ann.ask("where is my order?").text
    assert "BC-59288" in bob.ask("where is my order?").text


def test_a_shop_of_the_lake_is_asked_alone(tmp_path: Path, assistant: Assistant) -> None:
    settings = write_lake(tmp_path)
    assert (
        "4.50 GBP"
        in Desk(Reader(settings, "shop"), None, assistant).ask("price of the red mug").text
    )
    other = Desk(Reader(settings, "other"), ANN, assistant)
    assert "no orders" in other.ask("where is my order?").text
    assert "4.50 GBP" not in other.ask("price of the red mug").text


def test_a_batch_is_answered_from_one_state_of_the_lake(
    tmp_path: Path, assistant: Assistant
) -> None:
    settings = write_lake(tmp_path)
    inbox = Inbox(Reader(settings), lambda: (assistant, NOW))
    asked = [Message(id_, ANN, "where is my order?", "2026-03-01T10:00:00") for id_ in "ab"]
    batch = inbox.rows(asked, "first")
    before = next(batch)
    write(settings, "silver.orders", [order(ANN, "AC-50000", "7.00", "2026-02-28")])
    after = next(batch)
    assert "AC-40177" in before["answer"]
    assert (after["answer"], after["citations"]) == (before["answer"], before["citations"])
    assert "AC-50000" in next(inbox.rows(asked[:1], "second"))["answer"]
