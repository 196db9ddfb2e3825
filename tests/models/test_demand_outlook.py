"""What a stock plan says of products that no longer sell."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from demand_shop import CONFIG, shop

from shoplake.models.demand.outlook import forecast_rows, look_ahead, never_sold, plan_rows

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def plans() -> dict[str, dict[str, Any]]:
    """Two products that have not sold for 44 days, with and without stock, among 38 that do."""
    panel = shop()
    sold = panel.sold.copy()
    sold[:2, 40:] = 0
    products = [f"shop:{i}" for i in range(len(sold))]
    outlook = look_ahead(dataclasses.replace(panel, sold=sold), products, {}, CONFIG)
    catalogue = pd.DataFrame(
        {
            "product_id": products,
            "name": "mug",
            "stock": [500, 0] + [20] * (len(products) - 2),
            "price": 2.0,
            "lead_days": np.nan,
        }
    )
    forecasts = {row[0]: row for row in forecast_rows(outlook, NOW)}
    rows = plan_rows(outlook, NOW, catalogue, CONFIG)
    return {
        row[0]: {"stock": row[2], "now": row[8], "alert": row[11], "class": forecasts[row[0]][4]}
        for row in rows
    }


def test_what_sells_or_lies_on_a_shelf_has_a_plan(plans: dict[str, dict[str, Any]]) -> None:
    assert len(plans) == 39


def test_stock_that_nobody_buys_any_more_is_a_surplus(plans: dict[str, dict[str, Any]]) -> None:
    assert plans["shop:0"] == {"stock": 500, "now": False, "alert": "surplus", "class": "dormant"}


def test_what_nobody_buys_and_nobody_has_is_not_ordered(plans: dict[str, dict[str, Any]]) -> None:
    assert "shop:1" not in plans


def test_what_nobody_ever_bought_is_new_for_a_while() -> None:
    days = pd.date_range("2026-01-01", periods=100)
    catalogue = pd.DataFrame(
        {
            "product_id": ["shop:old", "shop:new", "shop:sold"],
            "name": ["lamp", "mug", "cup"],
            "listed_at": pd.to_datetime(["2025-06-01", "2026-04-01", "2025-06-01"], utc=True),
        }
    )
    assert never_sold(days, catalogue, ["shop:sold"], 72) == ({"shop:new": "mug"}, ["shop:old"])


def test_a_product_that_nobody_ever_bought_is_a_surplus_and_one_sold_out_a_shortage() -> None:
    panel = shop()
    products = [f"shop:{i}" for i in range(len(panel.sold))]
    outlook = look_ahead(panel, products, {"shop:new": "mug"}, CONFIG, ["shop:old"])
    rare = dataclasses.replace(outlook, quantiles=outlook.quantiles * 0)
    rare.quantiles[0, :, -1] = 1  # it sells once in a while
    catalogue = pd.DataFrame(
        {
            "product_id": ["shop:0", "shop:old"],
            "name": "mug",
            "stock": [0, 500],
            "price": 2.0,
            "lead_days": np.nan,
        }
    )
    rows = {row[0]: row for row in plan_rows(rare, NOW, catalogue, CONFIG)}
    first = outlook.products[0]
    assert first == "shop:0"
    assert rows[first][10] < 0.5
    assert {product: row[11] for product, row in rows.items()} == {
        "shop:0": "shortage",
        "shop:old": "surplus",
    }
