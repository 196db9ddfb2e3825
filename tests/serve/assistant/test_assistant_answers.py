"""What the assistant says to people it may tell something: facts, rules, dialogue, handovers."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from chat_lake import ANN, BOB

from shoplake.models.assistant.entities import entities
from shoplake.serve.assistant.answering import MOST_LETTERS, Answer, Assistant

Ask = Callable[..., Answer]


def cited(answer: Answer) -> set[str]:
    return {c.table for c in answer.citations}


def test_an_order_is_told_with_its_row_and_its_version(ask: Ask) -> None:
    answer = ask(ANN, "where is my order?")
    assert "AC-40177 of 2026-01-17" in answer.text
    assert "7731.13 GBP" in answer.text
    first = answer.citations[0]
    assert (first.table, first.key, first.version) == ("silver.orders", "shop:AC-40177", 0)
    assert not answer.handover


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("what is the status of order A-100?", "A-100"),
        ("the status of my order of 2026-01-02", "A-100"),
        ("订单A-100到哪里了", "A-100"),
        ("我的订单到哪里了", "AC-40177"),
    ],
)
def test_an_order_is_found_by_number_date_or_as_the_last_one(
    ask: Ask, text: str, number: str
) -> None:
    answer = ask(ANN, text)
    assert [c.key for c in answer.citations if c.table == "silver.orders"] == [f"shop:{number}"]


@pytest.mark.parametrize(
    "text",
    [
        "where is 7777777?",
        "where is ZZ-777?",
        "where is #777?",
        "where is my parcel 7777777?",
        "what is the status of 7777777?",
        "where is 7777777 of 2026-01-17?",
        "7777777到哪里了",
    ],
)
def test_a_number_that_is_none_of_theirs_is_never_answered_with_another_order(
    ask: Ask, text: str
) -> None:
    spoken_of = ask(ANN, "where is order A-100?").state
    for answer in (ask(ANN, text), ask(ANN, text, spoken_of)):
        assert ("no such order" in answer.text) or ("没有这样的订单" in answer.text)
        assert "silver.orders" not in cited(answer)
    # Whether it is somebody else's is not told either.
    theirs = ask(ANN, text.replace("7777777", "BC-59288"))
    assert theirs.text == ask(ANN, text).text


@pytest.mark.parametrize(
    "text",
    [
        "where is my order? I ordered 100 mugs",
        "where is my order from 2026?",
        "where is my order of 17-01-2026, I paid 7731.13 GBP",
        "my phone is 07700900123, where is my order?",
        "where is my order? it cost £1200",
    ],
)
def test_a_year_an_amount_or_a_telephone_is_no_orders_number(ask: Ask, text: str) -> None:
    assert "Order AC-40177" in ask(ANN, text).text


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("where is 7777777?", ("7777777",)),
        ("7777777到哪里了", ("7777777",)),
        ("where is #777 or ZZ-777", ("777", "ZZ-777")),
        ("I paid 1250.00 GBP in 2026, or £1300", ()),
        ("100 mugs, 1500 pieces, on 17-01-2026", ()),
        ("call me, my phone is 07700900123", ()),
    ],
)
def test_what_looks_like_an_orders_number(text: str, like: tuple[str, ...]) -> None:
    assert entities(text).like_orders == like


def test_names_of_what_was_ordered_are_cited_as_well(ask: Ask) -> None:
    answer = ask(ANN, "what was in my last order?")
    assert "2 × “Red Mug”" in answer.text
    assert [str(c) for c in answer.citations] == [
        "silver.orders[shop:AC-40177]@v0",
        "silver.products[shop:MUG]@v0",
    ]


def test_it_is_what_was_last_spoken_of(ask: Ask) -> None:
    first = ask(ANN, "where is order A-100?")
    then = ask(ANN, "how much was it?", first.state)
    assert "9.00 GBP" in then.text
    assert then.state.turns == 2
    mug = ask(ANN, "is the red mug in stock?", then.state)
    assert "“Red Mug” is in stock" in mug.text
    assert "“Red Mug” costs 4.50 GBP" in ask(ANN, "how much is it?", mug.state).text


def test_another_product_is_not_what_was_last_spoken_of(ask: Ask) -> None:
    mug = ask(ANN, "is the red mug in stock?")
    other = ask(ANN, "is the teapot in stock?", mug.state)
    assert "not sure which product" in other.text
    assert not other.citations


@pytest.mark.parametrize(
    "text",
    [
        "what did I buy last month?",
        "what did I order last week?",
        "我上个月买了什么",
        "我昨天买了什么",
    ],
    ids=["month", "week", "上个月", "昨天"],
)
def test_of_a_time_that_is_no_day_the_orders_are_told_with_theirs(ask: Ask, text: str) -> None:
    assert {"2026-01-17", "2026-01-02"} <= set(re.findall(r"[0-9-]{10}", ask(ANN, text).text))


@pytest.mark.parametrize(
    "text", ["the second one, how much is it?", "第二个多少钱？"], ids=["en", "zh"]
)
def test_another_of_a_list_is_not_answered_with_its_first(ask: Ask, text: str) -> None:
    listed = ask(ANN, "is the red mug in stock?")
    assert not ask(ANN, text, listed.state).citations


def test_every_phrase_that_was_learnt_is_known(assistant: Assistant) -> None:
    said = [(text, name) for name, c in assistant.clauses.items() for text in c.phrases]
    read = assistant.read([text for text, _ in said])
    assert [(t, r.intent) for (t, n), r in zip(said, read, strict=True) if r.intent != n] == []


def test_stock_comes_from_the_products_row(ask: Ask) -> None:
    answer = ask(ANN, "is the glass vase in stock?")
    assert "sold out" in answer.text
    assert cited(answer) == {"silver.products"}


def test_a_description_answers_only_what_it_says(ask: Ask) -> None:
    said = ask(ANN, "is the red mug dishwasher safe?")
    assert "stoneware, dishwasher safe" in said.text
    assert not said.handover
    unsaid = ask(ANN, "is the red mug microwave safe?")
    assert unsaid.handover
    assert unsaid.reason == "not in the description"


def test_rules_are_quoted_and_cited(ask: Ask) -> None:
    answer = ask(None, "how long does delivery take?")
    assert "3 to 5 working days" in answer.text
    assert [str(c) for c in answer.citations] == ["conf/assistant/policies.yml[delivery]"]


@pytest.mark.parametrize(
    "text", ["cancel my order", "I want to speak to a person", "the item arrived broken", "转人工"]
)
def test_what_a_person_has_to_do_is_handed_over(ask: Ask, text: str) -> None:
    assert ask(ANN, text).handover


@pytest.mark.parametrize(
    "text", ["", "what is the weather in Paris", "write me a poem about the sea", "asdkj qwe zzz"]
)
def test_what_is_not_understood_is_said_to_be_so_and_handed_over(ask: Ask, text: str) -> None:
    answer = ask(ANN, text)
    assert (answer.intent, answer.handover, answer.reason) == ("unknown", True, "unknown")
    assert not answer.citations


def test_a_guest_is_asked_to_sign_in_and_sees_the_window(ask: Ask) -> None:
    assert "sign in" in ask(None, "where is my order?").text
    assert "sign in" in ask(None, "what do you recommend?").text
    assert "4.50 GBP" in ask(None, "how much is the red mug?").text


def test_two_people_get_their_own(ask: Ask) -> None:
    assert "Heron Tapestry" in ask(ANN, "what do you recommend?").text
    assert "Falcon Cushion" in ask(BOB, "what do you recommend?").text


def test_a_message_is_read_up_to_its_limit(ask: Ask) -> None:
    padding = "x" * MOST_LETTERS
    assert "A-100" in ask(ANN, f"where is order A-100 {padding}").text
    assert "A-100" not in ask(ANN, f"{padding} where is order A-100").text


def test_an_answer_is_in_the_language_of_the_message(ask: Ask) -> None:
    assert "合计 7731.13 GBP" in ask(ANN, "我买了什么").text


def test_ordinary_questions_are_not_answered_with_the_privacy_rule() -> None:
    path = Path(__file__).parent / "ordinary.yml"
    groups: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    texts = [text for group in groups.values() for text in group]
    assert len(set(texts)) == len(texts) >= 40
    named = {text: entities(text) for text in texts}
    refused = [text for text, found in named.items() if found.others or found.injection]
    assert len(refused) <= 1, refused
