"""A rewording may be friendlier, but says nothing of an order that the answer does not say."""

from __future__ import annotations

import pytest

from shoplake.serve.assistant.grounded import faithful

ANSWER = "Order AC-40177 of 2026-01-17: 2 item(s), 7731.13 GBP in all, placed."
CHINESE = "订单 AC-40177（2026-01-17）：共 2 件，合计 7731.13 GBP，已下单。"


@pytest.mark.parametrize(
    "more",
    [
        "It is on its way and will arrive tomorrow.",
        "It is on  its\nway.",
        "It will be with you soon.",
        "It arrives on Monday.",
        "It takes three working days.",
        "It has been dispatched.",
        "The courier has it.",
        "It is in our warehouse.",
        "Your parcel is out for delivery.",
        "We have received your payment.",
        "It\u2019s delayed.",
        "You don\u2019t have to wait.",
        "It comes this evening.",
        "包裹明天到。",
        "包裹在路上。",
        "三天内收到。",
    ],
)
def test_a_status_or_time_that_the_answer_lacks_is_refused(more: str) -> None:
    assert not faithful(f"{ANSWER} {more}", ANSWER)
    assert not faithful(f"{CHINESE} {more}", CHINESE)


@pytest.mark.parametrize(
    "again",
    [
        "Good news! Your order AC-40177 of 2026-01-17 has 2 item(s), 7731.13 GBP in all: placed.",
        f"Of course, happy to help. {ANSWER} Is there anything else?",
    ],
)
def test_a_friendlier_wording_is_kept(again: str) -> None:
    assert faithful(again, ANSWER)


def test_a_time_that_the_answer_has_may_not_go_missing() -> None:
    answer = "Delivery takes 3 to 5 working days."
    assert faithful("As a rule, delivery takes 3 to 5 working days!", answer)
    assert not faithful("As a rule, delivery takes 3 to 5.", answer)
