"""However a value is written, it is found; what only looks like it is not."""

from __future__ import annotations

import base64
import json
import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoplake.governance.erasure.order import Subject
from shoplake.governance.erasure.scan import Scanner
from shoplake.governance.erasure.text import cleaner
from shoplake.governance.erasure.values import Value, guess_kind, patterns

MAIL = Value("email", "zoe.brandt@example.org")
NAME = Value("name", "Zoë Brandt")
PHONE = Value("phone", "+44 7700 900123")
ID = Value("id", "17850")


def found(data: bytes, *values: Value, id_names: tuple[str, ...] = ()) -> set[str]:
    scanner = Scanner(patterns(values, id_names))
    scanner.piece("here", data)
    scanner.flush()
    return {p.writing for p in scanner.places}


WRITINGS = {
    "plain": str.encode,
    "upper case": lambda t: t.upper().encode(),
    "UTF-16 LE": lambda t: t.encode("utf-16-le"),
    "UTF-16 BE": lambda t: t.encode("utf-16-be"),
    "decomposed": lambda t: unicodedata.normalize("NFD", t).encode(),
    "Latin-1": lambda t: t.encode("latin-1"),
    "JSON": lambda t: json.dumps(t).encode(),
    "all escaped": lambda t: "".join(f"\\u{ord(c):04X}" for c in t).encode(),
    "URL": lambda t: quote(t, safe="").encode(),
    "form": lambda t: quote(t, safe="@").replace("%20", "+").encode(),
    "hexadecimal": lambda t: t.encode().hex().encode(),
    "base64": lambda t: base64.b64encode(b"to: " + t.encode() + b", hello"),
    "base64 + 1": lambda t: base64.b64encode(b"to:: " + t.encode() + b", hello"),
    "base64 + 2": lambda t: base64.b64encode(b"to::: " + t.encode() + b", hello"),
}


@pytest.mark.parametrize("value", [MAIL, NAME], ids=str)
@pytest.mark.parametrize("writing", WRITINGS)
def test_a_strong_value_is_found_in_any_writing(writing: str, value: Value) -> None:
    assert found(b"\x00\xff" + WRITINGS[writing](value.text) + b"\x07", value)


@settings(max_examples=60, deadline=None)
@given(
    st.text("abcdefgäöß .@-_", min_size=10, max_size=40),
    st.sampled_from([w for w in WRITINGS if w not in ("upper case", "Latin-1", "decomposed")]),
    st.binary(max_size=30),
)
def test_any_text_is_found_within_any_bytes(text: str, writing: str, around: bytes) -> None:
    value = Value("address", text)
    if value.is_strong:
        assert found(around + WRITINGS[writing](value.text.strip()) + around, value)


@pytest.mark.parametrize(
    "text", ["07700 900123", "+44 (0)7700-900123", "00447700900123", "7700.900.123"]
)
def test_a_telephone_number_is_found_with_any_separators(text: str) -> None:
    assert found(text.encode(), PHONE) == {"digits"}


@pytest.mark.parametrize(
    "text",
    [
        '{"CustomerID": "17850"}',
        '{"CustomerID":17850.0,"x":1}',
        '{"minValues":"{\\"person_id\\":\\"17850\\"}"}',
        "GET /account?user_id=17850&page=2",
        "no order for customer 17850.",
    ],
)
def test_a_short_id_is_found_under_a_name_that_can_hold_it(text: str) -> None:
    assert found(text.encode(), ID) == {"named"}


@pytest.mark.parametrize(
    "text",
    [
        '{"Quantity": "17850"}',
        '{"CustomerID": "178501"}',
        '{"CustomerID": "17850.5"}',
        "17850 rows of customers",
        "a3f17850bc",
    ],
)
def test_a_short_id_is_not_found_where_it_is_another_thing(text: str) -> None:
    assert not found(text.encode(), ID)


def test_a_name_of_an_id_that_a_shop_made_up_is_looked_under() -> None:
    assert not found(b'{"Kd-Nr": "17850"}', ID)
    assert found(b'{"Kd-Nr": "17850"}', ID, id_names=("Kd-Nr",))


def test_an_id_far_along_a_line_that_could_not_be_read_is_found() -> None:
    line = "x" * 5_000
    assert found(f'{{"_line": "{line};17850;UK"}}'.encode(), ID) == {"field of a line"}


def test_what_others_have_as_well_identifies_nobody() -> None:
    assert not patterns([Value("name", "Zoë Brandt", shared=True)])
    assert not patterns([Value("id", "17850", shared=True)])


def test_an_id_that_is_part_of_another_counts_as_a_whole() -> None:
    short = Value("id", "W000012", short=True)
    assert not found(b'{"visitor": "W0000123"}', short)
    assert found(b'{"visitor": "W000012"}', short)


def test_values_print_masked() -> None:
    assert "brandt" not in f"{MAIL} {MAIL!r} {[MAIL]} {Subject((), (), (MAIL,))}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("tell ZOE.Brandt@example.org, thanks", "tell ***, thanks"),
        ("call 07700 900 123 now", "call *** now"),
        ('{"CustomerID": "17850.0", "Quantity": "17850"}',
         '{"CustomerID": "***", "Quantity": "17850"}'),
        ('{"_line": "536365,85123A,6,17850,United Kingdom"}',
         '{"_line": "536365,85123A,6,***,United Kingdom"}'),
        ('{"note": "Zo\\u00eb Brandt"}', '{"note": "***"}'),
        ('{"body": "They said \\"ships on Monday\\", it was a week later."}', '{"body": "***"}'),
        ('Great! | they said "ships on Monday", it w...', "Great! | ***w..."),
        ("nothing of hers", "nothing of hers"),
    ],
)  # fmt: skip
def test_values_are_masked_in_text_and_json_stays_json(text: str, left: str) -> None:
    said = Value("text", 'They said "ships on Monday", it was a week later.')
    subject = Subject((("shop", "17850"),), (), (MAIL, PHONE, NAME, ID, said))
    assert cleaner(subject)(text) == left


@pytest.mark.parametrize(
    ("text", "kind"),
    [("a@b.org", "email"), ("+44 7700 900123", "phone"), ("Zoë Brandt", "name"),
     ("1 High Street, Leeds", "address"), ("W0000012", "id")],
)  # fmt: skip
def test_the_kind_of_a_value_is_guessed(text: str, kind: str) -> None:
    assert guess_kind(text).kind == kind
