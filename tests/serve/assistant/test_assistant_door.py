"""The door holds what one person may be told and refuses to be made with more."""

from __future__ import annotations

import pytest
from chat_lake import ANN, BOB, order, product, recommendation

from shoplake.errors import PolicyError
from shoplake.serve.assistant.door import Door

MINE = order(ANN, "A-1", "9.00", "2026-01-02")


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("silver.orders", order(BOB, "B-1", "9.00", "2026-01-02")),
        ("silver.orders", {**MINE, "person_key": None}),
        ("gold.recommendations", recommendation(BOB, 1, "shop:MUG", "Red Mug")),
        ("silver.people", {"person_key": BOB}),
    ],
)
def test_a_row_of_somebody_else_is_refused(table: str, row: dict) -> None:
    with pytest.raises(PolicyError, match="somebody else"):
        Door(ANN, {table: [row]})


def test_a_guest_has_no_rows_of_anybody() -> None:
    with pytest.raises(PolicyError, match="somebody else"):
        Door(None, {"silver.orders": [{**MINE, "person_key": None}]})


def test_a_table_that_is_not_the_assistants_is_refused() -> None:
    with pytest.raises(PolicyError, match="does not read this table"):
        Door(ANN, {"bronze.people": []})


def test_an_order_sums_its_lines_and_says_what_was_cancelled() -> None:
    lines = [
        order(ANN, "A-1", "9.00", "2026-01-02", order_line_id="1"),
        order(ANN, "A-1", "4.00", "2026-01-02", order_line_id="2", cancelled_quantity=1),
        order(ANN, "A-1", "2.50", "2026-01-02", order_line_id="3", line_kind="service", quantity=1),
        order(ANN, "A-1", "-4.00", "2026-01-05", order_line_id="4", kind="cancellation"),
    ]
    (found,) = Door(ANN, {"silver.orders": lines}).orders()
    values = found.fact.values
    assert (values["total"], values["units"], values["cancelled"]) == ("15.50 GBP", "4", "1")
    assert values["status"] == "partly cancelled"
    assert len(found.items) == 2


def test_orders_come_newest_first_and_are_found_by_number_whatever_the_case() -> None:
    rows = [order(ANN, n, "1.00", d) for n, d in (("a-1", "2026-01-01"), ("a-2", "2026-02-01"))]
    door = Door(ANN, {"silver.orders": rows})
    assert [o.number for o in door.orders()] == ["a-2", "a-1"]
    found = door.order("SHOP:A-1")
    assert found is not None
    assert found.number == "a-1"
    assert door.order("b-1") is None


@pytest.mark.parametrize(
    ("stock", "item", "plan", "word", "tables"),
    [
        (3, None, None, "in stock", {"silver.products"}),
        (0, None, None, "sold out", {"silver.products"}),
        (3, None, "shortage", "few left", {"silver.products", "gold.stock_plan"}),
        (None, True, None, "in stock", {"gold.item_features"}),
        (None, False, "shortage", "sold out", {"gold.item_features"}),
    ],
)
def test_stock_in_words(
    stock: int | None, item: bool | None, plan: str | None, word: str, tables: set[str]
) -> None:
    rows: dict[str, list[dict]] = {
        "silver.products": [product("shop:MUG", "Red Mug", None, "4.50", stock)]
    }
    if item is not None:
        rows["gold.item_features"] = [{"product_id": "shop:MUG", "as_of": 1, "available": item}]
    if plan is not None:
        rows["gold.stock_plan"] = [{"product_id": "shop:MUG", "as_of": 1, "alert": plan}]
    fact = Door(None, rows).stock("shop:MUG")
    assert fact is not None
    assert fact.values["stock"] == word
    assert {c.table for c in fact.citations} == tables


def test_stock_that_nobody_states_is_not_guessed() -> None:
    rows = {"silver.products": [product("shop:MUG", "Red Mug", None, "4.50", None)]}
    assert Door(None, rows).stock("shop:MUG") is None


def test_only_the_newest_recommendations_are_told_by_rank() -> None:
    new = [recommendation(ANN, n, f"shop:{n}", f"Thing {n}") for n in (2, 1)]
    old = [{**recommendation(ANN, 1, "shop:9", "Old"), "as_of": new[0]["as_of"].replace(year=2025)}]
    told = Door(ANN, {"gold.recommendations": [*old, *new]}).recommendations(3)
    assert [f.values["name"] for f in told] == ["Thing 1", "Thing 2"]
