"""What counts as a response to having been shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pyspark.sql import SparkSession

from shoplake.models.ads.lake import shown

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENTS = (
    "kind string, person_key string, product_id string, position int, session_id string,"
    " occurred_at timestamp, is_bot boolean"
)
FEEDBACK = (
    "kind string, person_key string, product_id string, position int, request_id string,"
    " occurred_at timestamp"
)


def test_what_came_before_the_impression_is_no_response(spark: SparkSession) -> None:
    said = [
        ("click", "mug", 9, -5), ("purchase", "mug", None, -4), ("impression", "mug", 3, 0),
        ("impression", "cup", 4, 0), ("click", "cup", 1, 5), ("purchase", "cup", None, 9),
        ("click", "bowl", 2, 1),
    ]  # fmt: skip
    events = spark.createDataFrame(
        [
            (kind, "ann", product, position, "s1", NOON + timedelta(minutes=late), False)
            for kind, product, position, late in said
        ],
        EVENTS,
    )
    people = spark.createDataFrame([("ann", True)], "person_key string, consent boolean")
    nothing = spark.createDataFrame([], FEEDBACK)
    rows = shown(events, nothing, people, NOON + timedelta(days=1)).collect()
    assert {r.product_id: (r.position, r.clicked, r.bought) for r in rows} == {
        "mug": (3, False, False),
        "cup": (4, True, True),
    }
