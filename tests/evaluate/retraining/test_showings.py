from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from shoplake.evaluate.retraining.showings import as_arrays, shown

SHOWN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(request: str, product: str, kind: str, hours: float, position: int | None = None):  # type: ignore[no-untyped-def]
    propensity = 0.5 if position else None
    at = SHOWN + timedelta(hours=hours)
    return request, "p", product, kind, position, propensity, "4", at


@pytest.mark.slow
def test_each_kind_of_response_counts_once_and_only_in_time(spark: SparkSession) -> None:
    feedback = spark.createDataFrame(
        [
            row("r1", "s:A", "impression", 0, 1),
            row("r1", "s:A", "impression", 1, 2),  # sent twice: the first is believed
            row("r1", "s:B", "impression", 0, 2),
            row("r1", "s:A", "click", 1),
            row("r1", "s:A", "click", 2),
            row("r1", "s:A", "purchase", 3),
            row("r1", "s:B", "click", 100),  # too late
            row("r1", "s:B", "click", -1),  # before it was shown
            row("r2", "s:A", "impression", 0),  # nobody knows where, and yet it was shown
            row("r2", "s:A", "click", 1),
            row("r2", "s:A", "dismiss", 2),
            row("r3", "s:C", "impression", 0),
            row("r3", "s:C", "impression", 1 / 3600, 3),
            row("r0", "s:A", "impression", -48, 1),  # before the time looked at
        ],
        "request_id string, person_key string, product_id string, kind string, position int, "
        "propensity double, model_version string, occurred_at timestamp",
    )
    worth = {"click": 0.1, "purchase": 1.0, "dismiss": -0.5}
    found = shown(feedback, worth, 3, SHOWN - timedelta(days=1)).collect()
    assert {
        (r["request_id"], r["product_id"], r["place"], round(r["reward"], 6)) for r in found
    } == {
        ("r1", "s:A", 0, 1.1),
        ("r1", "s:B", 1, 0.0),
        ("r2", "s:A", None, -0.4),
        ("r3", "s:C", None, 0.0),
    }
    assert {r["model_version"] for r in found} == {"4"}
    placed = shown(feedback, worth, 3, SHOWN - timedelta(days=1), placed=True).collect()
    # The server's record, a second after the client's that knows no place.
    assert {(r["request_id"], r["place"]) for r in placed} == {("r1", 0), ("r1", 1), ("r3", 2)}


def test_impressions_of_a_list_stand_together_in_the_order_of_places() -> None:
    rows = pd.DataFrame(
        {
            "request_id": ["b", "a", "b"],
            "person_key": ["q", "p", "q"],
            "item_index": [7, 8, 9],
            "place": [1, 0, 0],
            "propensity": [0.5, 0.5, 0.5],
            "reward": [1.0, 0.0, 0.0],
        }
    )
    found = as_arrays(rows)
    assert found.request.tolist() == [0, 1, 1]
    assert found.item.tolist() == [8, 9, 7]
    assert found.reward.tolist() == [0.0, 0.0, 1.0]
