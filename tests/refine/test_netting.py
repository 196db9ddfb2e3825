"""Netting against an oracle that walks the lines with a stack."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from shoplake.refine.netting import net_cancellations

SCHEMA = (
    "row_id string, order_line_id string, order_id string, shop string, person_key string, "
    "product_id string, kind string, unit_price decimal(18,4), quantity int, ordered_at timestamp"
)
FIELDS = SCHEMA.replace("(18,4)", "").split(", ")
START = datetime(2020, 1, 1)


def line(number: int, kind: str, quantity: int, **given: Any) -> dict[str, Any]:
    row = {
        "row_id": f"{given.get('shop', 's')}{number:03}",
        "order_line_id": f"{given.get('shop', 's')}{number}",
        "order_id": f"o{number}",
        "shop": "s",
        "person_key": "p",
        "product_id": "s:A",
        "kind": kind,
        "unit_price": 1,
        "quantity": quantity,
        "ordered_at": number,
    }
    return row | given


def netted(spark: SparkSession, lines: list[dict[str, Any]], partitions: int = 1) -> dict[str, Any]:
    data = [
        tuple(
            START + timedelta(hours=row[n]) if n == "ordered_at"
            else Decimal(row[n]) if n == "unit_price" else row[n]
            for n in (field.split()[0] for field in FIELDS)
        )
        for row in lines
    ]  # fmt: skip
    frame = spark.createDataFrame(data, SCHEMA).repartition(partitions)
    return {
        row["order_line_id"]: (
            row["cancelled_quantity"], row["net_quantity"], row["cancels_order_line_id"]
        )
        for row in net_cancellations(frame).collect()
    }  # fmt: skip


def oracle(lines: list[dict[str, Any]]) -> dict[str, Any]:
    lines = sorted(lines, key=lambda r: (r["ordered_at"], r["kind"] != "sale", r["row_id"]))
    left = {r["order_line_id"]: r["quantity"] for r in lines}
    sales_of: dict[str, list[str]] = {r["order_line_id"]: [] for r in lines}
    for column in ("order_id", "unit_price", None):
        stacks: dict[Any, list[str]] = {}
        for r in lines:
            group = (r["shop"], r["product_id"], r["person_key"], column and r[column])
            stack, me = stacks.setdefault(group, []), r["order_line_id"]
            if r["kind"] == "sale":
                stack.append(me)
            if r["kind"] != "cancellation":
                continue
            # What an earlier sale has left when this pass is over is known only at its end, so
            # the stack keeps what this pass left of it.
            while left[me] and stack:
                sale = stack[-1]
                taken = min(left[me], left[sale])
                left[me], left[sale] = left[me] - taken, left[sale] - taken
                if taken:
                    sales_of[me].append(sale)
                if not left[sale]:
                    stack.pop()
    return {
        r["order_line_id"]: (
            r["quantity"] - left[r["order_line_id"]],
            left[r["order_line_id"]],
            sales_of[r["order_line_id"]][0] if len(sales_of[r["order_line_id"]]) == 1 else None,
        )
        for r in lines
    }


#: Each is a shop of its own, so that one job answers every test.
SHOPS: dict[str, list[dict[str, Any]]] = {
    "exact": [line(1, "sale", 80995, shop="exact"), line(2, "cancellation", 80995, shop="exact")],
    "latest": [
        line(1, "sale", 5, unit_price=2, shop="latest"),
        line(2, "sale", 5, unit_price=1, shop="latest"),
        line(3, "cancellation", 6, unit_price=2, shop="latest"),
    ],
    "rest": [
        line(1, "sale", 2, shop="rest"),
        line(2, "cancellation", 5, shop="rest"),
        line(3, "sale", 4, shop="rest"),
    ],
    "own": [
        line(1, "sale", 3, shop="own"),
        line(2, "sale", 3, shop="own"),
        line(3, "cancellation", 3, order_id="o1", shop="own"),
    ],
    "alone": [
        line(1, "sale", 3, person_key=None, shop="alone"),
        line(2, "sale", 3, product_id="s:B", shop="alone"),
        line(3, "adjustment", 3, shop="alone"),
        line(4, "cancellation", 3, shop="alone"),
    ],
}


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[str, Any]:
    return netted(spark, [row for rows in SHOPS.values() for row in rows])


def test_exact_pair_nets_to_zero(found: dict[str, Any]) -> None:
    assert found["exact1"] == (80995, 0, None)
    assert found["exact2"] == (80995, 0, "exact1")


def test_latest_sale_first_and_equal_price_before_any_price(found: dict[str, Any]) -> None:
    assert found["latest1"] == (5, 0, None)
    assert found["latest2"] == (1, 4, None)
    assert found["latest3"] == (6, 0, None)


def test_remainder_of_a_cancellation_stays_unmatched(found: dict[str, Any]) -> None:
    assert found["rest1"] == (2, 0, None)
    assert found["rest2"] == (2, 3, "rest1")
    assert found["rest3"] == (0, 4, None)


def test_own_order_comes_first(found: dict[str, Any]) -> None:
    assert found["own3"] == (3, 0, "own1")


def test_other_people_and_products_and_adjustments_are_left_alone(found: dict[str, Any]) -> None:
    assert {found[f"alone{n}"][0] for n in (1, 2, 3, 4)} == {0}


lines_of_a_shop = st.lists(
    st.tuples(
        st.sampled_from(["sale", "sale", "cancellation", "adjustment"]),
        st.integers(1, 5),
        st.sampled_from(["p", "q", None]),
        st.sampled_from(["s:A", "s:B"]),
        st.sampled_from([1, 2]),
        st.integers(0, 5),
        st.sampled_from(["o1", "o2", "o3", "o4", "o5"]),
    ),
    min_size=15,
    max_size=40,
)


@settings(
    max_examples=2, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    shops=st.lists(lines_of_a_shop, min_size=8, max_size=8),
    seed=st.randoms(use_true_random=False),
    parts=st.integers(1, 3),
)
def test_netting_agrees_with_the_oracle(
    spark: SparkSession, shops: list[list[Any]], seed: Any, parts: int
) -> None:
    lines = [
        line(n, kind, units, person_key=who, product_id=what, unit_price=price, ordered_at=hour)
        | {
            "order_id": order,
            "shop": shop,
            "row_id": f"{shop}{n:03}",
            "order_line_id": f"{shop}{n}",
        }
        for shop, drawn in zip("abcdefgh", shops, strict=True)
        for n, (kind, units, who, what, price, hour, order) in enumerate(drawn)
    ]
    expected = oracle(lines)
    seed.shuffle(lines)
    assert netted(spark, lines, parts) == expected
