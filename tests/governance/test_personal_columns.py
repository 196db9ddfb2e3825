"""A column's kind from its header and its values, in English and Chinese."""

from __future__ import annotations

import pytest

from shoplake.governance.personal import column_kind
from shoplake.governance.personal.columns import text_kinds


@pytest.mark.parametrize(
    ("header", "values", "kind"),
    [
        ("customerEmail", ["a@b.co", "x@y.org"], "email"),
        ("contact", ["a@b.co", "x@y.org", None, ""], "email"),
        ("email", [], "email"),
        ("手机", ["13800138000"], "phone"),
        ("x", ["+44 20 7946 0958"], "phone"),
        ("收货地址", ["上海市浦东新区世纪大道100号"], "address"),
        ("postcode", ["YO21 3PU"], "address"),
        ("full_name", ["Siobhán O'Brien", "Xu"], "name"),
        ("name", ["Anna Smith", "John Doe"], "name"),
        ("who", ["Anna Smith", "John Doe"], "name"),
        ("CustomerID", ["17850.0", "13047.0"], "person_id"),
        ("用户ID", [1, 2], "person_id"),
        ("birth_year", [1970, 1981], "birth_date"),
        ("client ip", ["81.2.69.142"], "ip"),
        ("n", ["4111111111111111"], "card"),
        ("n", ["11010519491231002X"], "national_id"),
    ],
)
def test_personal(header: str, values: list[object], kind: str) -> None:
    found = column_kind(header, values)
    assert found is not None
    assert found[0] == kind


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("email", ["9f" * 32, "0a" * 32]),  # hashed
        ("product_name", ["White metal lantern"]),
        ("name", ["White metal lantern", "Oak tray"]),
        ("table_name", ["silver.orders"]),
        ("birth_decade", [1970]),
        ("Clothing ID", [767, 1080]),
        ("Age", [33, 34]),
        ("session_id", ["s1", "s2"]),
        ("barcode", ["050375000419", "5012345678900"]),
        ("ordered_at", ["2011-11-08 12:30:00"]),
        ("text", ["mail me: a@b.co", "nice lamp"]),
    ],
)
def test_not_personal(header: str, values: list[object]) -> None:
    assert column_kind(header, values) is None


def test_the_share_is_that_of_values_that_are_there() -> None:
    assert column_kind("email", ["a@b.co", "unknown", None, " "]) == ("email", 0.5)


def test_text_tells_what_it_contains() -> None:
    texts = ["mail a@b.co", "nice", "nice", None, "call +44 20 7946 0958, or mail x@y.org"]
    assert text_kinds(texts) == {"email": 0.5, "phone": 0.25}
