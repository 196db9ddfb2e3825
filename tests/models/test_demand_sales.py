from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
from pyspark.sql import SparkSession

from shoplake.models.demand.lake import catalogue_at, panel_of, sales_lines

ORDERS = (
    "order_line_id string, product_id string, line_kind string, kind string, quantity int, amount double, "
    "is_outlier boolean, cancels_order_line_id string, ordered_at timestamp, order_date date"
)


def line(
    name: str, kind: str, units: int, day: int, back: str | None = None, **odd: object
) -> tuple[object, ...]:
    at = datetime(2026, 3, day, 9, tzinfo=UTC)
    return (name, "shop:1", odd.get("line_kind", "product"), kind, units, 2.0 * units, bool(odd.get("outlier")), back, at, at.date())  # fmt: skip


def test_sales_are_of_goods_before_the_instant_with_returns_on_their_day(
    spark: SparkSession,
) -> None:
    rows = [
        line("a", "sale", 5, 2),
        line("b", "sale", 3, 3),
        line("c", "cancellation", 4, 4, back="a"),
        line("d", "sale", 900, 3, outlier=True),
        line("e", "sale", 1, 3, line_kind="service"),
        line("f", "sale", 2, 5),
        line("g", "sale", 7, 6),
        line("h", "cancellation", 2, 6, back="f"),
    ]
    orders = spark.createDataFrame(rows, ORDERS)
    found = sales_lines(orders, datetime(2026, 3, 6, tzinfo=UTC)).toPandas()
    panel, products = panel_of(pd.DataFrame(found), {"shop:1": "mug"})
    assert products == ["shop:1"]
    assert [d.day for d in panel.dates] == [2, 3, 5]
    assert panel.sold.tolist() == [[5, 3, 2]]
    assert panel.history(2).tolist() == [[5, 3]]  # c came on the 4th
    assert panel.truth().tolist() == [[1, 3, 2]]  # h is later than the instant
    assert panel.price is not None
    assert panel.price[0].tolist() == [2, 2, 2]


def test_a_lead_time_that_is_no_number_of_days_is_none(spark: SparkSession) -> None:
    said = ("Infinity", "NaN", "1e12", "-3", "soon", "14", None)
    at = datetime(2026, 3, 1, tzinfo=UTC)
    rows = [
        (f"shop:{n}", "mug", "product", 1, 2.0, None if days is None else
         f'{{"restocking_lead_time": "{days}"}}', at, None)
        for n, days in enumerate(said)
    ]  # fmt: skip
    products = spark.createDataFrame(
        rows,
        "product_id string, name string, kind string, stock int, price double, attributes string,"
        " valid_from timestamp, valid_to timestamp",
    )
    found = catalogue_at(products, datetime(2026, 3, 6, tzinfo=UTC)).collect()
    assert {r.product_id: r.lead_days for r in found if r.lead_days is not None} == {"shop:5": 14}
