"""What a stock plan says of products that no longer sell."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from demand_shop import CONFIG, shop

from shoplake.models.demand.outlook import forecast_rows, look_ahead, plan_rows

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
