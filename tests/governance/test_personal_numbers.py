"""Numbers that prove themselves: a wrong check digit is nobody's number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoplake.governance.personal import find
from shoplake.governance.personal.numbers import is_iban, is_national_id, passes_luhn


@given(st.text("0123456789", min_size=11, max_size=18), st.integers(0, 9))
def test_luhn_accepts_one_check_digit_in_ten(start: str, digit: int) -> None:
    def oracle(number: str) -> bool:
        total = 0
        for place, char in enumerate(reversed(number)):
            value = int(char) * (1 + place % 2)
            total += value // 10 + value % 10
        return total % 10 == 0

    number = f"{start}{digit}"
    assert passes_luhn(number) == oracle(number)
    assert sum(passes_luhn(f"{start}{d}") for d in range(10)) == 1


@pytest.mark.parametrize(
    "number", ["11010519491231002X", "440524188001010014"]
)  # the examples of GB 11643-1999
def test_a_chinese_identity_number_changes_with_any_digit(number: str) -> None:
    assert is_national_id(number)
    for place in range(6, 18):
        for other in "0123456789":
            if other != number[place]:
                assert not is_national_id(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize(
    "account", ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "NO93 8601 1117 947"]
)
def test_an_iban_changes_with_any_two_neighbours_swapped(account: str) -> None:
    assert is_iban(account)
    plain = account.replace(" ", "")
    for i in range(4, len(plain) - 1):
        if plain[i] != plain[i + 1]:
            assert not is_iban(plain[:i] + plain[i + 1] + plain[i] + plain[i + 2 :])
    assert [s.text for s in find(f"pay {account} today")] == [account]


@pytest.mark.parametrize(
    ("text", "card"),
    [
        ("card 4111 1111 1111 1111 ok", "4111 1111 1111 1111"),
        ("4111-1111-1111-1111 12/27", "4111-1111-1111-1111"),
        ("2 x 378282246310005", "378282246310005"),
        ("卡号4242424242424242吧", "4242424242424242"),
    ],
)
def test_a_card_is_found_beside_other_numbers(text: str, card: str) -> None:
    assert [(s.kind, s.text) for s in find(text)] == [("card", card)]


@pytest.mark.parametrize(
    "text",
    [
        "code 4111111111111112",  # check digit
        "order no. 4111111111111111",  # said to be something else
        "9111111111111116",  # nobody issues it
        "id 110105194912310021",
        "id 990105194912310029",  # no such province
        "GB82 WEST 1234 5698 7654 33",
    ],
)
def test_a_number_that_proves_nothing_stays(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize("ip", ["81.2.69.142", "203.0.113.7", "2001:db8:85a3::8a2e:370:7334"])
def test_ip_addresses(ip: str) -> None:
    assert [(s.kind, s.text) for s in find(f"logged in from {ip}.")] == [("ip", ip)]


@pytest.mark.parametrize(
    "text", ["firmware 2.10.33.4", "192.168.1.1", "300.1.1.1", "open 12:30:45", "v81.2.69.142"]
)
def test_what_looks_like_an_ip_address(text: str) -> None:
    assert find(text) == []
