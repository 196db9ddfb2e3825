"""Items keep their index; popularity and availability are as of an instant."""

from __future__ import annotations

import math

import pytest
from days import day
from pyspark.sql import DataFrame

from shoplake.features.items import item_features, item_index


def indices(index: DataFrame) -> dict[str, int]:
    return {row["product_id"][2:]: row["item_index"] for row in index.collect()}


def test_index_is_dense_by_first_interaction_then_by_id(view) -> None:
    rows = view(
        ("ann", "C", "view", 1),
        ("ann", "B", "view", 2),
        ("bob", "A", "view", 2),
        ("bob", "C", "view", 3),
        ("bob", "LATER", "view", 9),
    )
    assert indices(item_index(rows, day(9))) == {"C": 1, "A": 2, "B": 3}


@pytest.fixture
def features(view, silver):
    """Item features by product, of interactions and products as given."""

    def build(interactions, products, at: float = 100) -> dict:
        rows = view(*interactions)
        index = item_index(rows, day(at))
        found = item_features(rows, silver("products", *products), index, day(at))
        return {row["product_id"][2:]: row for row in found.collect()}

    return build


def test_use_is_counted_before_the_instant_by_window(features) -> None:
    row = features(
        [
            ("ann", "A", "purchase", 1),
            ("ann", "A", "purchase", 80),
            ("ann", "A", "purchase", 90),
            ("bob", "A", "click", 75),
            ("bob", "A", "view", 75),
            ("cem", "A", "view", 99),
            ("dan", "A", "purchase", 100),
            ("eve", "A", "purchase", 90, 95),
        ],
        [{"product_id": "s:A"}],
    )["A"]
    assert (row["purchases_total"], row["purchases_30d"], row["people_30d"]) == (3, 2, 1)
    assert row["views_30d"] == 3
    assert row["log_popularity"] == pytest.approx(math.log1p(2))


def test_version_valid_at_the_instant_describes_the_item(features) -> None:
    versions = [
        {"product_id": "s:A", "name": "Old", "valid_from": day(0), "valid_to": day(50)},
        {"product_id": "s:A", "name": "New", "valid_from": day(50), "category": "Mugs"},
        {"product_id": "s:A", "name": "Future", "valid_from": day(100)},
    ]
    row = features([("ann", "A", "view", 1)], versions)["A"]
    assert (row["name"], row["category"]) == ("New", "Mugs")


def test_item_without_a_product_is_named_by_its_id_and_not_available(features) -> None:
    row = features([("ann", "A", "view", 1)], [])["A"]
    assert (row["name"], row["text"], row["available"]) == ("s:A", "s:A", False)


@pytest.mark.parametrize(
    ("bought", "others", "product", "available"),
    [
        (99, [], {"stock": None}, True),
        (99, [], {"stock": 3}, True),
        (99, [], {"stock": 0}, False),
        (99, [], {"valid_to": day(60)}, False),
        (5, [], {}, False),
        (5, [("bob", "B", "view", 50)], {}, True),
    ],
)
def test_available_items_are_current_in_stock_and_sold_lately_where_only_orders_tell(
    features, bought, others, product, available
) -> None:
    rows = features([("ann", "A", "purchase", bought), *others], [{"product_id": "s:A", **product}])
    assert rows["A"]["available"] is available


def test_table_has_the_columns_of_its_contract(view, silver, schema_of) -> None:
    rows = view(("ann", "A", "click", 1))
    found = item_features(rows, silver("products"), item_index(rows, day(2)), day(2))
    promised = {f.name: f.dataType for f in schema_of("gold.item_features")}
    assert {f.name: f.dataType for f in found.schema} == promised
