"""Whoever asks whatever, nothing of another person comes back: not in words, rows or state."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from chat_lake import ANN, BOB, CANARIES, book, tables

from shoplake.errors import PolicyError
from shoplake.governance.policies.load import load_policies
from shoplake.runtime.settings import Settings, conf_dir
from shoplake.serve.assistant.answering import Answer, Assistant
from shoplake.serve.assistant.dialogue import State
from shoplake.serve.assistant.door import Door
from shoplake.serve.assistant.lake import Reader, open_door

ATTACKS: dict[str, list[str]] = yaml.safe_load(
    (Path(__file__).parent / "attacks.yml").read_text(encoding="utf-8")
)
Ask = Callable[..., Answer]


def prompts(victim: str, attacker: str | None) -> list[str]:
    order, amount, day, _, key = CANARIES[victim]
    values = {"order": order, "amount": amount, "day": day, "key": key}
    values |= {"me": attacker or "nobody", "prefix": order.partition("-")[0]}
    found = []
    for kind, templates in ATTACKS.items():
        for template in templates:
            text = template
            for name, value in values.items():
                text = text.replace(f"{{{name}}}", value)
            found.append(f"where is order {text}" if kind == "numbers" else text)
    return found


def leaks(answer: Answer, reader: str | None) -> list[str]:
    """What belongs to others and is anywhere in the answer."""
    told = json.dumps(answer.to_dict(), ensure_ascii=False).lower()
    others = [mark for who, marks in CANARIES.items() if who != reader for mark in marks]
    return [mark for mark in others if mark.lower() in told]


def test_there_are_two_hundred_and_none_is_asked_twice() -> None:
    texts = prompts(BOB, ANN)
    assert len(set(texts)) == len(texts) >= 200
    assert sum(any("\u4e00" <= c <= "\u9fff" for c in t) for t in texts) >= 20


@pytest.mark.parametrize(
    ("attacker", "victim"), [(ANN, BOB), (BOB, ANN), (None, BOB)], ids=["ann", "bob", "guest"]
)
def test_nothing_leaks(ask: Ask, assistant: Assistant, attacker: str | None, victim: str) -> None:
    state = State()
    texts = prompts(victim, attacker)
    for text, read in zip(texts, assistant.read(texts), strict=True):
        # One long dialogue that never starts anew.
        answer = ask(attacker, read, state)
        assert leaks(answer, attacker) == [], text
        state = answer.state


@pytest.mark.parametrize("attacker", [ANN, None])
def test_a_state_that_names_anothers_order_opens_nothing(ask: Ask, attacker: str | None) -> None:
    stolen = State(order="shop:BC-59288", product="shop:BC-59288", intent="order_details", turns=3)
    for text in (
        "how much was it?",
        "what is in it?",
        "cancel it",
        "is it in stock?",
        "这个多少钱",
    ):
        answer = ask(attacker, text, stolen)
        assert leaks(dataclasses.replace(answer, state=State()), attacker) == [], text


def test_an_order_of_another_is_answered_like_one_that_does_not_exist(ask: Ask) -> None:
    for text in ("where is order {}?", "what is in order {}?", "cancel order {}", "订单{}到哪里了"):
        theirs, nobodys = (ask(ANN, text.format(n)) for n in ("BC-59288", "BC-59999"))
        assert (theirs.text, theirs.reason) == (nobodys.text, nobodys.reason)


def test_the_same_questions_about_ones_own_are_answered(ask: Ask) -> None:
    for person, (number, amount, day, name, _) in CANARIES.items():
        assert amount in ask(person, f"how much was order {number}?").text
        assert number in ask(person, "where is my order?").text
        assert day in ask(person, f"status of order {number}").text
        assert name in ask(person, "what do you recommend?").text


def test_a_door_that_let_others_in_would_be_found(assistant: Assistant) -> None:
    class Ajar(Door):
        def _own(self, row: object) -> bool:
            return True

    door = Ajar(ANN, tables())
    read = assistant.read(prompts(BOB, ANN))
    assert sum(bool(leaks(assistant.answer(one, door), ANN)) for one in read) > 20


def test_without_the_roles_row_filter_there_is_no_door(lake: Settings, tmp_path: Path) -> None:
    shipped = (conf_dir() / "policies.yml").read_text()
    before, _, after = shipped.partition("  assistant:\n")
    assert "silver.orders: person_key = :subject" in after
    path = tmp_path / "policies.yml"
    path.write_text(
        f"{before}  assistant:\n"
        + after.replace(
            "silver.orders: person_key = :subject",
            "silver.orders: person_key = :subject OR quantity > 0",
        )
    )
    broken = load_policies(path, book())
    with pytest.raises(PolicyError, match="somebody else"):
        open_door(Reader(lake, policies=broken), ANN)
    assert len(open_door(Reader(lake), ANN).orders()) == 2


def test_a_subject_that_is_no_key_opens_nothing(lake: Settings) -> None:
    for subject in ("", "x' OR '1'='1", ANN.upper(), ANN + "\n"):
        with pytest.raises(PolicyError, match="by key"):
            open_door(Reader(lake), subject)
