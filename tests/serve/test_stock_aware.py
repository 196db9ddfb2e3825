"""What a stock plan expects to run out counts as unavailable."""

from __future__ import annotations

from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from shoplake.serve.stock import in_supply

NOW = datetime(2024, 5, 20)


@pytest.mark.parametrize(
    ("days", "unavailable"),
    [(7, {"s:out", "s:short"}), (1, {"s:out"}), (0, {"s:out"})],
    ids=["a fresh plan", "an old plan", "off"],
)
def test_what_will_run_out_is_not_available(
    spark: SparkSession, days: int, unavailable: set[str]
) -> None:
    items = spark.createDataFrame(
        [("s:short", True), ("s:out", False), ("s:fine", True), ("s:was short", True)],
        "product_id string, available boolean",
    )
    plan = spark.createDataFrame(
        [
            ("s:short", datetime(2024, 5, 17), "shortage"),
            ("s:fine", datetime(2024, 5, 17), "surplus"),
            ("s:was short", datetime(2024, 5, 17), "none"),
            ("s:was short", datetime(2024, 5, 15), "shortage"),
            ("s:fine", datetime(2024, 5, 21), "shortage"),  # not known yet
        ],
        "product_id string, as_of timestamp, alert string",
    )
    rows = in_supply(items, plan, NOW, days).collect()
    assert len(rows) == 4
    assert {r["product_id"] for r in rows if not r["available"]} == unavailable
