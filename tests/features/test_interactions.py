"""Interactions: one row for each thing a person did, whoever reported it."""

from __future__ import annotations

from datetime import datetime

import pytest
from days import day
from pyspark.sql import DataFrame

from shoplake.errors import ShoplakeError
from shoplake.features.interactions import COLUMNS, data_range, interactions


def kinds(view: DataFrame) -> list[tuple[str, str]]:
    return sorted((r["product_id"], r["kind"]) for r in view.collect())


def test_purchase_in_orders_events_and_feedback_on_one_day_counts_once(silver) -> None:
    order = {"product_id": "s:A", "ordered_at": day(3.1), "order_id": "s:o"}
    event = {"product_id": "s:A", "kind": "purchase", "occurred_at": day(3.2)}
    view = interactions(
        orders=silver("orders", order),
        events=silver("events", event),
        feedback=silver("feedback", event),
    )
    assert [(r["kind"], r["basket"]) for r in view.collect()] == [("purchase", "s:o")]


def test_purchases_on_two_days_are_two_purchases(silver) -> None:
    view = interactions(
        orders=silver("orders", {"product_id": "s:A", "ordered_at": day(3)}),
        events=silver("events", {"product_id": "s:A", "kind": "purchase", "occurred_at": day(4)}),
    )
    assert kinds(view) == [("s:A", "purchase"), ("s:A", "purchase")]


def test_two_purchases_of_one_table_on_one_day_are_two(silver) -> None:
    event = {"product_id": "s:A", "kind": "purchase", "occurred_at": day(3)}
    view = interactions(events=silver("events", event, event), feedback=silver("feedback", event))
    assert kinds(view) == [("s:A", "purchase"), ("s:A", "purchase")]


def test_clicks_of_events_and_feedback_both_count(silver) -> None:
    click = {"product_id": "s:A", "kind": "click", "occurred_at": day(1)}
    view = interactions(events=silver("events", click), feedback=silver("feedback", click))
    assert kinds(view) == [("s:A", "click"), ("s:A", "click")]


@pytest.mark.parametrize(
    "row",
    [
        {"is_bot": True},
        {"person_key": None},
        {"kind": "impression"},
        {"kind": "search", "product_id": None},
    ],
)
def test_robots_strangers_and_impressions_are_left_out(silver, row) -> None:
    view = {"product_id": "s:A", "kind": "view", "occurred_at": day(1)}
    assert kinds(interactions(events=silver("events", {**view, **row}))) == []


@pytest.mark.parametrize(
    "row", [{"line_kind": "service"}, {"kind": "adjustment"}, {"person_key": None}]
)
def test_services_adjustments_and_strangers_orders_are_left_out(silver, row) -> None:
    order = {"product_id": "s:A", "ordered_at": day(1)}
    assert kinds(interactions(orders=silver("orders", {**order, **row}))) == []


def test_large_line_counts_once_and_keeps_its_amount(silver) -> None:
    order = {"product_id": "s:A", "ordered_at": day(1), "quantity": 900, "amount": 900}
    (row,) = interactions(orders=silver("orders", {**order, "is_outlier": True})).collect()
    assert (row["kind"], row["amount"]) == ("purchase", 900)


def sale(**row: object) -> dict[str, object]:
    given = {"product_id": "s:A", "order_line_id": "sale", "ordered_at": day(1), "quantity": 5}
    return {**given, "cancelled_quantity": 5, "net_quantity": 0, **row}


def cancellation(at: float, quantity: int, names: str | None) -> dict[str, object]:
    return {
        "product_id": "s:A",
        "kind": "cancellation",
        "ordered_at": day(at),
        "quantity": quantity,
        "net_quantity": 0,
        "cancels_order_line_id": names,
    }


def taken_back_at(view: DataFrame) -> datetime | None:
    (row,) = view.where("kind = 'purchase'").selectExpr("unix_micros(taken_back_at)").collect()
    return row[0] and int((row[0] / 1e6 - day(0).timestamp()) // 86_400)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([cancellation(4, 5, "sale")], 4),
        ([cancellation(4, 2, "sale"), cancellation(9, 3, "sale")], 9),
        ([cancellation(6, 8, None), cancellation(9, 1, None)], 6),
        ([cancellation(4, 5, "another sale"), cancellation(7, 5, "sale")], 7),
    ],
)
def test_cancelled_sale_stood_until_its_last_unit_was_taken_back(silver, rows, expected) -> None:
    assert taken_back_at(interactions(orders=silver("orders", sale(), *rows))) == expected


def test_partly_cancelled_sale_stands(silver) -> None:
    kept = sale(cancelled_quantity=2, net_quantity=3)
    view = interactions(orders=silver("orders", kept, cancellation(4, 2, "sale")))
    assert taken_back_at(view) is None


def test_view_has_its_columns_from_every_table(silver) -> None:
    for table, at in (("orders", "ordered_at"), ("events", "occurred_at")):
        rows = silver(table, {"product_id": "s:A", "kind": "purchase", at: day(1)})
        assert interactions(**{table: rows}).columns == list(COLUMNS)


def test_no_table_is_an_error_that_names_the_tables() -> None:
    with pytest.raises(ShoplakeError, match=r"silver\.orders"):
        interactions()


def test_data_end_at_midnight_after_the_last_interaction(view) -> None:
    rows = view(("ann", "A", "view", 2.5), ("bob", "A", "view", 6.25))
    assert data_range(rows) == (day(2.5), day(7))


def test_one_clock_that_is_years_ahead_does_not_end_the_data(view) -> None:
    said: list[str] = []
    rows = view(*(("ann", "A", "view", 1 + n % 20) for n in range(120)), ("bob", "A", "view", 900))
    assert data_range(rows, said.append) == (day(1), day(21))
    assert "1 interaction(s) are 300 days" in said[0]
