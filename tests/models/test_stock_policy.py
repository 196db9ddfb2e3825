from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import numpy as np
import pandas as pd
from demand_shop import CONFIG, shop

from shoplake.models.demand.lake import panel_of
from shoplake.models.demand.new_items import new_item_quantiles
from shoplake.models.demand.outlook import look_ahead, plan_rows
from shoplake.models.demand.settings import LEVELS
from shoplake.models.demand.stock import (
    demand_paths,
    demand_until,
    mean_of,
    reorder_plan,
    simulate,
)

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_the_policy_by_hand() -> None:
    demand = np.array([[3, 3, 3, 3, 3]], float)
    point, lot = np.full((1, 5), 4.0), np.full((1, 5), 5.0)
    lost, stock = simulate(demand, point, lot, 2, np.array([6.0]))
    # Day 0: 6 - 3 = 3, not above the point, so 5 are ordered; they arrive on day 2. Day 2: 0 + 5 - 3
    # = 2, ordered again for day 4. Day 3: of 3 only 2 are there.
    assert stock[0].tolist() == [3, 0, 2, 0, 2]
    assert lost[0].tolist() == [0, 0, 0, 1, 0]


def test_units_are_conserved_whatever_the_policy() -> None:
    draw = np.random.default_rng(0)
    demand = draw.poisson(4, (30, 60)).astype(float)
    lost, stock = simulate(
        demand, np.full((30, 60), 9.0), np.full((30, 60), 7.0), 3, np.full(30, 9.0)
    )
    bought = stock[:, -1] - 9 + (demand - lost).sum(axis=1)
    assert (bought % 7 == 0).all()
    assert (lost >= 0).all()
    assert (stock >= 0).all()


def test_a_higher_service_level_orders_earlier() -> None:
    quantiles = np.tile((LEVELS * 10).astype(np.float32), (5, 6, 1))
    paths = demand_paths(quantiles, 400, 0.2, 0)
    low, high = (
        reorder_plan(
            paths,
            np.full(5, 4),
            np.ones(5),
            service_level=level,
            order_cost=2,
            holding_rate=0.2,
            periods_a_year=300,
            most_periods=60,
        )
        for level in (0.6, 0.95)
    )
    assert (high.point > low.point).all()


def test_an_order_of_something_cheap_lasts_no_longer_than_it_may() -> None:
    paths = np.full((1, 10, 6), 2, np.float32)

    def quantity(most: float) -> float:
        return float(
            reorder_plan(
                paths,
                np.full(1, 4),
                np.full(1, 0.01),
                service_level=0.9,
                order_cost=20,
                holding_rate=0.2,
                periods_a_year=300,
                most_periods=most,
            ).quantity[0]
        )

    assert quantity(30) == 60
    assert quantity(1e9) == 1550  # sqrt(2 * 2 * 300 * 20 / .01), five years' demand


def test_persistence_makes_the_sum_more_uncertain_and_not_larger() -> None:
    quantiles = np.tile((LEVELS * 10).astype(np.float32), (50, 6, 1))
    alone, alike = (
        demand_until(demand_paths(quantiles, 4000, p, 0), np.full(50, 6)) for p in (0, 0.8)
    )
    assert alike.std() > 1.5 * alone.std()
    assert abs(alike.mean() - alone.mean()) < 1.0


def test_demand_past_the_horizon_repeats_it() -> None:
    paths = np.ones((2, 3, 4), np.float32)
    assert demand_until(paths, np.array([3, 11]))[:, 0].tolist() == [3, 11]


def test_a_new_item_sells_like_items_of_its_words() -> None:
    panel = shop()
    sold = panel.sold.copy()
    sold[1::2] *= 10  # the red ones
    panel = dataclasses.replace(panel, sold=sold)
    red, blue = mean_of(
        new_item_quantiles(panel, 60, ("red mug", "blue mug"), neighbours=5)[:, None]
    )[:, 0]
    assert red > 3 * blue


def test_a_plan_tells_shortage_surplus_and_what_it_does_not_know() -> None:
    panel = shop(items=6)
    lines = pd.DataFrame(
        [
            (f"shop:{i}", day.date(), None, panel.sold[i, t], panel.sold[i, t] * 2)
            for i in range(6)
            for t, day in enumerate(panel.dates)
            if panel.sold[i, t] > 0
        ],
        columns=["product_id", "sold_on", "returned_on", "quantity", "amount"],
    )
    made, products = panel_of(lines, {})
    outlook = look_ahead(made, products, {"shop:new": "red mug"}, CONFIG)
    catalogue = pd.DataFrame(
        {
            "product_id": [*products, "shop:new"],
            "stock": [0, 100_000, np.nan, 30, 30, 30, 30],
            "lead_days": [np.nan, np.nan, np.nan, 70.0, np.nan, np.nan, np.nan],
            "price": 2.0,
        }
    )
    plan = {row[0]: row for row in plan_rows(outlook, NOW, catalogue, CONFIG)}
    alert = {product: row[-1] for product, row in plan.items()}
    assert (alert["shop:0"], alert["shop:1"], alert["shop:2"]) == ("shortage", "surplus", "unknown")
    assert plan["shop:3"][3] == 60  # 70 days, of which every seventh is closed
    assert plan["shop:new"][0] == "shop:new"
    assert plan["shop:0"][8] is True
