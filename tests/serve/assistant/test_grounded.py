"""Numbers and names that no fact states are found; a rewording may not change them."""

from __future__ import annotations

import pytest

from shoplake.serve.assistant.grounded import faithful, ungrounded

VALUES = ["AC-40177", "12.50 GBP", "2026-01-17", "Red Mug 30cm"]


@pytest.mark.parametrize(
    ("answer", "wrong"),
    [
        ("Order AC-40177 of 2026-01-17: 12.50 GBP.", []),
        ("“Red Mug 30cm” costs 12.50 GBP.", []),
        ("It costs 12.51 GBP.", ["12.51"]),
        ("Order AC-40178.", ["40178"]),
        ("Delivered on 2026-01-18.", ["2026-01-18"]),
        ("“Blue Mug” is in stock.", ["Blue Mug"]),
        ("It weighs 2.", ["2"]),
        ("Type B52.", ["B52"]),
    ],
)
def test_what_no_fact_states_is_found(answer: str, wrong: list[str]) -> None:
    assert ungrounded(answer, VALUES) == wrong


@pytest.mark.parametrize(
    ("again", "kept"),
    [
        ("Good news: “Red Mug” is in stock, for 4.50 GBP!", True),
        ("“Red Mug” is in stock for 4.05 GBP.", False),
        ("“Red Mug” is not in stock; 4.50 GBP.", False),
        ("“Blue Mug” is in stock: 4.50 GBP.", False),
        ("“Red Mug” is in stock: 4.50 GBP, delivered free.", False),
        ("“Red Mug”: 4.50 GBP.", False),
        ("", False),
    ],
)
def test_a_rewording_keeps_numbers_names_and_status(again: str, kept: bool) -> None:
    assert faithful(again, "“Red Mug” is in stock. It costs 4.50 GBP.") is kept
