"""Texts are distinct, of known kinds, and named by what they say."""

from __future__ import annotations

import pytest

from shoplake.errors import ShoplakeError
from shoplake.features.texts import texts


def test_each_distinct_text_appears_once_with_its_kind(silver) -> None:
    found = texts(
        products=silver(
            "products",
            {"product_id": "s:A", "text": "blue mug", "description": "A mug."},
            {"product_id": "s:B", "text": "blue mug"},
        ),
        searches=silver("searches", {"query": "mug"}, {"query": "mug"}, {"query": "blue mug"}),
        reviews=silver("reviews", {"title": "Good", "text": "Holds tea."}, {"text": " "}),
        messages=silver("messages", {"text": "Where is it?"}),
    )
    assert sorted((r["kind"], r["text"]) for r in found.collect()) == [
        ("message", "Where is it?"),
        ("product", "A mug."),
        ("product", "blue mug"),
        ("query", "blue mug"),
        ("query", "mug"),
        ("review", "Good\nHolds tea."),
    ]


def test_identity_depends_on_shop_kind_and_text_alone(silver) -> None:
    rows = [{"query": "mug", "search_id": "1"}, {"query": "mug", "shop": "t"}]
    first, second = (texts(searches=silver("searches", row)).collect()[0] for row in rows)
    again = texts(searches=silver("searches", {"query": "mug", "search_id": "9"})).collect()[0]
    assert first["text_id"] == again["text_id"] != second["text_id"]
    assert len(first["text_id"]) == 32


@pytest.mark.usefixtures("spark")
def test_no_table_is_an_error_that_names_the_tables() -> None:
    with pytest.raises(ShoplakeError, match=r"silver\.products"):
        texts()
