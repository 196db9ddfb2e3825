"""Personal data in one text, and what only looks like it."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoplake.governance.personal import KINDS, find, mask
from shoplake.governance.personal.detect import SUSPICIOUS
from shoplake.governance.personal.spans import Span, settle

FOUND = [
    ("write to ann.lee+x@mail.example.co.uk please", "email: ann.lee+x@mail.example.co.uk"),
    ("邮箱是zhang@x.cn。", "email: zhang@x.cn"),
    ("call +44 20 7946 0958 now", "phone: +44 20 7946 0958"),
    ("call (020) 7946-0958", "phone: (020) 7946-0958"),
    ("07911123456", "phone: 07911123456"),
    ("(212) 555-0147", "phone: (212) 555-0147"),
    ("看 13800138000 吧", "phone: 13800138000"),
    ("电话010-51236699", "phone: 010-51236699"),
    ("My address is 12 Quay Street, Whitby YO21 3PU.", "address: 12 Quay Street, Whitby YO21 3PU"),
    ("to 7 Church Hill, 35400 Saint-Malo.", "address: 7 Church Hill, 35400 Saint-Malo"),
    ("my postcode is EH6 6QQ", "address: EH6 6QQ"),
    ("742 Maple Ave, Springfield, IL 62704", "address: 742 Maple Ave, Springfield, IL 62704"),
    ("Hauptstraße 12, 24937 Flensburg", "address: Hauptstraße 12, 24937 Flensburg"),
    ("12 rue de la Paix, 75002 Paris", "address: 12 rue de la Paix, 75002 Paris"),
    ("请寄到上海市浦东新区世纪大道100号502室", "address: 上海市浦东新区世纪大道100号502室"),
    ("ship to 9 park road please", "address: 9 park road"),
    ("Regards, Chloé O'Brien", "name: Chloé O'Brien"),
    ("my name is john smith and I wait", "name: john smith"),
    ("I am Siobhán Müller, hello", "name: Siobhán Müller"),
    ("Ms Patel said so", "name: Patel"),
    ("Edward: the cord is short", "name: Edward"),
    ("yes, it is. Cindy", "name: Cindy"),
    ("dear Jamey, it fits", "name: Jamey"),
    ("I gave it to Mary Smith's husband", "name: Mary Smith"),
    ("我叫王小明", "name: 王小明"),
    ("请给李先生打电话", "name: 李"),
    ("born on 3 May 1984", "birth_date: 3 May 1984"),
    ("DOB: 1984-05-03", "birth_date: 1984-05-03"),
    ("1984年5月3日出生", "birth_date: 1984年5月3日"),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_found_where_it_stands(text: str, expected: str) -> None:
    assert [f"{s.kind}: {s.text}" for s in find(text)] == [expected]
    assert all(text[s.start : s.end] == s.text for s in find(text))


@pytest.mark.parametrize(
    "text",
    [
        "order 536365 of 2011-11-08 12:30",
        "08-11-2011 10:30",
        "paid 1234.50 for 12 pieces",
        "UPC:050375000419 and part 04609902000",
        "call 1-800-555-0199",
        "Mary Jane shoes, a Lily White vase",
        "the Oliver Chair and the Isla Lamp",
        "a Kate Spade bag, Dr Martens boots, ask Mr Coffee",
        "Dear Sir, Dear Harbour Lane",
        "3 Piece Oak Park, 40W Equivalent Green",
        "M4 8GB screws",
        "size 8-10, 120 x 60 cm",
        "made in May 1984",
        "3号线旁边, 客服小姐很好",
        "St. Paul Providence bench",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert find(text) == []


def test_mask_names_the_kind_and_keeps_the_rest() -> None:
    text = "Dear Anna, mail a@b.io or call +44 20 7946 0958."
    assert mask(text) == "Dear [name], mail [email] or call [phone]."
    assert mask(text, ("email",)) == "Dear Anna, mail [email] or call +44 20 7946 0958."


def test_of_overlapping_finds_the_more_certain_stays() -> None:
    card, phone = Span("card", 0, 10, "x" * 10), Span("phone", 5, 12, "x" * 7)
    assert settle([phone, card]) == [card]


PIECES = st.sampled_from(
    [
        *(text for text, _ in FOUND),
        "4111 1111 1111 1111",
        "GB82 WEST 1234 5698 7654 32",
        "81.2.69.9",
    ]
)
TEXTS = st.lists(PIECES | st.text(max_size=12), min_size=1, max_size=4).map(" ".join)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("now (212) 555-0147 (212) 555-0148", "now [phone] [phone]"),
        ("(212) 555-0147 212 555-0147 / 13800138000", "[phone] [phone] / [phone]"),
        ("138 0013 8000 13900139000", "[phone] [phone]"),
        ("order (212) 555-0147 (212) 555-0148", "order (212) 555-0147 (212) 555-0148"),
        ("item 2125550147 2125550148 7", "item 2125550147 2125550148 7"),
    ],
)
def test_numbers_after_each_other_are_several(text: str, masked: str) -> None:
    assert mask(text) == masked


@given(TEXTS)
def test_a_masked_text_has_nothing_more_to_mask(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(TEXTS)
def test_spans_are_in_order_apart_and_of_known_kinds(text: str) -> None:
    spans = find(text)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    assert {s.kind for s in spans} <= set(KINDS)


@given(TEXTS)
def test_no_find_escapes_the_pattern_that_spark_looks_for(text: str) -> None:
    assert re.search(SUSPICIOUS, text) or not find(text)
