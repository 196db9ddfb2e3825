"""Profiles sum up a person before an instant."""

from __future__ import annotations

from decimal import Decimal

import pytest
from days import day
from pyspark.sql import Row

from shoplake.features.interest import interest
from shoplake.features.profiles import user_profiles


@pytest.fixture
def profiles(view, silver, labels):
    def build(*interactions, at: float = 30, length: int = 3) -> dict[str, Row]:
        rows = view(*interactions)
        products = silver(
            "products",
            {"product_id": "s:A", "category": "Mugs", "brand": "Kiln"},
            {"product_id": "s:B", "category": "Rugs", "brand": "Kiln"},
            {"product_id": "s:C", "category": "Rugs"},
        )
        people = silver("people", {"person_key": "ann", "segment": "loyal"})
        told = interest(rows, day(at), labels.interest)
        found = user_profiles(rows, told, products, people, day(at), history_length=length)
        return {row["person_key"]: row for row in found.collect()}

    return build


def test_profile_counts_what_stood_before_the_instant(profiles) -> None:
    row = profiles(
        ("ann", "A", "view", 10),
        ("ann", "A", "purchase", 12),
        ("ann", "A", "purchase", 20),
        ("ann", "B", "purchase", 21, 22),
        ("ann", "B", "return", 22),
        ("ann", "C", "purchase", 30),
    )["ann"]
    assert (row["orders"], row["items"], row["spend"]) == (2, 1, Decimal("4.0000"))
    assert (row["recency_days"], row["tenure_days"]) == (8, 20)
    assert (row["mean_price"], row["main_platform"], row["segment"]) == (2.0, "web", "loyal")


def test_return_of_what_was_never_bought_does_not_lower_spend(profiles) -> None:
    row = profiles(("ann", "A", "purchase", 12), ("ann", "B", "return", 13))["ann"]
    assert row["spend"] == Decimal("2.0000")


def test_history_is_the_newest_distinct_products(profiles) -> None:
    row = profiles(
        ("ann", "A", "view", 1),
        ("ann", "B", "view", 2),
        ("ann", "C", "view", 3),
        ("ann", "D", "view", 4),
        ("ann", "B", "cart", 5),
        ("ann", "E", "dismiss", 6),
    )["ann"]
    assert row["history"] == ["s:B", "s:D", "s:C"]


def test_favourites_have_the_most_interest_in_sum(profiles) -> None:
    rows = profiles(
        ("ann", "A", "purchase", 20),
        ("ann", "B", "click", 20),
        ("bob", "B", "click", 20),
        ("bob", "C", "click", 20),
        ("cem", "C", "click", 20),
    )
    found = {k: (r["favourite_category"], r["favourite_brand"]) for k, r in rows.items()}
    assert found == {"ann": ("Mugs", "Kiln"), "bob": ("Rugs", "Kiln"), "cem": ("Rugs", None)}


def test_person_who_only_looked_has_a_profile_without_orders(profiles) -> None:
    row = profiles(("bob", "A", "view", 29.5))["bob"]
    assert (row["orders"], row["spend"], row["mean_price"], row["segment"]) == (0, 0, None, None)


def test_table_has_the_columns_of_its_contract(view, silver, labels, schema_of) -> None:
    rows = view(("ann", "A", "click", 1))
    told = interest(rows, day(2), labels.interest)
    found = user_profiles(
        rows, told, silver("products"), silver("people"), day(2), history_length=5
    )
    promised = {f.name: f.dataType for f in schema_of("gold.user_profiles")}
    assert {f.name: f.dataType for f in found.schema} == promised
