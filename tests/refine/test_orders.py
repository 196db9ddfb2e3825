from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row

from shoplake.contracts.book import load_contracts
from shoplake.refine.orders import orders
from shoplake.refine.pseudonym import pseudonym
from shoplake.refine.settings import RefineSettings
from shoplake.runtime.settings import conf_dir

BronzeMaker = Callable[..., DataFrame]


def sold(number: int, **given: Any) -> dict[str, Any]:
    line = {
        "row_id": f"r{number:02}",
        "order_id": f"{500 + number}",
        "person_id": "17850.0",
        "product_id": " 85123a ",
        "quantity": "6",
        "unit_price": "2.55",
        "currency": "gbp",
        "kind": "sale",
        "ordered_at": f"2020-01-{number + 1:02} 08:26:00",
    }
    return line | given


RNG = random.Random(7)
BACK = {"kind": "cancellation", "order_id": "500", "line_id": "1"}
#: Each is a shop of its own, so that one build answers every test.
SHOPS: dict[str, list[dict[str, Any]]] = {
    "plain": [sold(0, line_id="1")],
    "signs": [
        sold(0, kind=None),
        sold(1, kind=None, quantity="-6"),
        sold(2, kind="sale", quantity="-6", unit_price="0"),
        sold(3, kind="Cancelled", quantity="6"),
    ],
    "twice": [sold(0), sold(0, row_id="r09"), sold(2, kind="cancellation", quantity="-12")],
    "corrected": [
        sold(0, line_id="1", row_id="zz", quantity="5"),
        sold(0, line_id="2", row_id="aa", quantity="5"),
        sold(0, line_id="1", row_id="mm", quantity="3"),
        sold(0, line_id="2", row_id="nn", quantity="3"),
    ],
    "against_rules": [
        sold(0, line_id="1"),
        sold(1, line_id="1", order_id="500", currency="pounds"),
        sold(2, kind="cancellation", order_id="500", line_id="1"),
        sold(3, line_id="1", currency="pounds"),
        sold(4, kind="cancellation", order_id="503", line_id="1", quantity="4"),
    ],
    "casts": [
        sold(0, unit_price="two"),
        sold(1, kind="cancellation", quantity="-6"),
        sold(2, quantity="99999999999", ordered_at="yesterday"),
    ],
    "huge": [sold(0, quantity="-2147483648", unit_price="99999999999999")],
    "own ids": [
        sold(0, line_id="1"),
        sold(3, quantity="2", **BACK),
        sold(4, quantity="1", **BACK),
    ],
    "outliers": [
        *(sold(i, quantity=str(2 + i % 5)) for i in range(14)),
        sold(20, quantity="5000"),
        sold(21, quantity="80995", product_id="RARE"),
        sold(22, quantity="80995", product_id="RARE", kind="cancellation"),
        sold(23, quantity="4", product_id="RARE"),
    ],
    "mixed": [
        sold(
            i % 20,
            row_id=f"r{i:02}",
            quantity=str(RNG.choice([1, 2, 6, -2, -3])),
            kind=None,
            person_id=RNG.choice(["1", "2", None]),
        )
        for i in range(30)
    ],
}
Shops = dict[str, dict[str, Row]]
CONTRACT = load_contracts(conf_dir() / "contracts")["silver.orders"]


def sent() -> list[dict[str, Any]]:
    return [
        row | {"shop": shop, "row_id": f"{shop}/{row['row_id']}", "row": i}
        for shop, rows in SHOPS.items()
        for i, row in enumerate(rows)
    ]


def refined(frame: DataFrame, settings: RefineSettings) -> dict[str, Row]:
    return {row["row_id"]: row for row in orders(frame, None, settings, CONTRACT).collect()}


@pytest.fixture(scope="module")
def every(bronze: BronzeMaker, settings: RefineSettings) -> dict[str, Row]:
    return refined(bronze("orders", *sent()), settings)


@pytest.fixture(scope="module")
def shops(every: dict[str, Row]) -> Shops:
    found: Shops = {shop: {} for shop in SHOPS}
    for name, row in every.items():
        shop, row_id = name.split("/")
        found[shop][row_id] = row
    return found


def test_line_is_typed_unified_and_pseudonymous(shops: Shops, settings: RefineSettings) -> None:
    row = shops["plain"]["r00"]
    assert row["order_line_id"] == "plain:500:1"
    assert row["order_id"] == "plain:500"
    assert row["product_id"] == "plain:85123A"
    assert row["person_key"] == pseudonym("plain:17850", settings.pseudonym_key)
    assert (row["quantity"], row["unit_price"], row["amount"]) == (
        6, Decimal("2.5500"), Decimal("15.3000"),
    )  # fmt: skip
    assert (row["currency"], row["line_kind"], row["order_date"]) == (
        "GBP", "product", date(2020, 1, 1),
    )  # fmt: skip


def test_kind_follows_the_sign_where_it_is_not_stated(shops: Shops) -> None:
    found = shops["signs"]
    assert [found[f"r0{i}"]["kind"] for i in range(4)] == [
        "sale", "cancellation", "adjustment", "cancellation",
    ]  # fmt: skip
    assert {row["quantity"] for row in found.values()} == {6}


def test_duplicate_takes_part_in_nothing(shops: Shops) -> None:
    found = shops["twice"]
    assert found["r09"]["_duplicate_of"] == "twice/r00"
    assert found["r00"]["cancelled_quantity"] == 6
    assert found["r02"]["net_quantity"] == 6
    assert found["r02"]["cancels_order_line_id"] == found["r00"]["order_line_id"]


def test_a_correction_with_the_time_of_its_line_counts(shops: Shops) -> None:
    found = shops["corrected"]
    assert {k for k, row in found.items() if row["_duplicate_of"] is None} == {"mm", "nn"}


def test_units_of_a_line_that_stands_are_not_counted_twice(shops: Shops) -> None:
    """Nor does a cancellation take from others what it takes back of a line that is held alone."""
    found = shops["against_rules"]
    assert {row["_duplicate_of"] for row in found.values()} == {None}
    assert [found[f"r0{n}"]["net_quantity"] for n in (0, 1, 3)] == [0, 6, 2]
    assert found["r02"]["cancels_order_line_id"] == found["r00"]["order_line_id"]


def test_value_that_cannot_be_cast_is_kept_and_its_line_takes_part_in_nothing(shops: Shops) -> None:
    found = shops["casts"]
    failures = {k: [tuple(f) for f in row["_cast_failures"]] for k, row in found.items()}
    assert failures == {
        "r00": [("unit_price", "two")],
        "r01": [],
        "r02": [("quantity", "99999999999"), ("ordered_at", "yesterday")],
    }
    assert found["r01"]["cancelled_quantity"] == 0


def test_amount_too_large_is_null_and_no_error(shops: Shops) -> None:
    row = shops["huge"]["r00"]
    assert (row["quantity"], row["amount"]) == (None, None)


def test_cancellation_with_its_sales_ids_is_its_own_line(shops: Shops) -> None:
    found = shops["own ids"]
    assert {row["_duplicate_of"] for row in found.values()} == {None}
    assert len({row["order_line_id"] for row in found.values()}) == 3
    assert found["r00"]["net_quantity"] == 3


def test_outliers_by_item_and_by_shop_where_the_item_is_rare(shops: Shops) -> None:
    found = shops["outliers"]
    assert {k for k, row in found.items() if row["is_outlier"]} == {"r20", "r21", "r22"}


def test_same_rows_in_any_order_and_partitions_give_the_same_table(
    every: dict[str, Row], bronze: BronzeMaker, settings: RefineSettings
) -> None:
    rows = sent()
    RNG.shuffle(rows)
    assert refined(bronze("orders", *rows).repartition(3), settings) == every


def test_famous_pair_of_online_retail_nets_to_zero(
    bronze: BronzeMaker, settings: RefineSettings, shared_data: Path
) -> None:
    with gzip.open(shared_data / "online_retail" / "2011-01-18.csv.gz", "rt") as day:
        sent = [line for line in csv.DictReader(day) if line["StockCode"] == "23166"]
    lines = [
        {
            "order_id": line["InvoiceNo"],
            "person_id": line["CustomerID"],
            "product_id": line["StockCode"],
            "quantity": line["Quantity"],
            "unit_price": line["UnitPrice"],
            "ordered_at": line["InvoiceDate"],
        }
        for line in sent
    ]
    found = refined(bronze("orders", *lines), settings).values()
    assert {
        (row["kind"], row["net_quantity"]) for row in found if row["quantity"] == 74215
    } == {("sale", 0), ("cancellation", 0)}  # fmt: skip
