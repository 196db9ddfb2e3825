from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from shoplake.refine.cast import (
    DOUBLE,
    INT,
    MONEY,
    PRIVATE_BOOLEAN,
    PRIVATE_INT,
    TIMESTAMP,
    Cast,
    cast_columns,
    spelling,
    to_id,
)

KINDS = spelling({"sale": "sale", "sold": "sale"})


@pytest.mark.parametrize(
    ("cast", "understood", "refused"),
    [
        pytest.param(
            INT,
            {"6": 6, " 6.0 ": 6, "-3": -3, "1e3": 1000, "+7": 7},
            ["6.5", "six", "2147483648", "1e-999999999", "0x1F", "1d"],
            id="int",
        ),
        pytest.param(
            MONEY,
            {"2.55": Decimal("2.5500"), "-0.00005": Decimal("-0.0001"), "1E2": Decimal("100")},
            ["£2.55", "1,000", "1e18", "NaN"],
            id="money",
        ),
        pytest.param(DOUBLE, {"2.5": 2.5, "1e-3": 0.001}, ["Infinity", "1d", "0x1p3"], id="double"),
        pytest.param(
            TIMESTAMP,
            {
                "2011-11-08 12:30:00": datetime(2011, 11, 8, 12, 30),
                "2011-11-08": datetime(2011, 11, 8),
                "2011-11-08T12:30:00+01:00": datetime(2011, 11, 8, 11, 30),
            },
            ["12:30", "2011", "2011-13-01", "08/11/2011"],
            id="timestamp",
        ),
        pytest.param(KINDS, {"Sale": "sale", "SOLD": "sale"}, ["gift"], id="spelling"),
        pytest.param(PRIVATE_BOOLEAN, {"true": True, "No": False, "1": True}, ["maybe"], id="bool"),
    ],
)
def test_cast_understands_or_keeps_what_was_sent(
    spark: SparkSession, cast: Cast, understood: dict[str, Any], refused: list[str]
) -> None:
    sent = [*understood, *refused]
    frame = spark.createDataFrame([(i, value) for i, value in enumerate(sent)], "i int, c string")
    rows = cast_columns(frame, {"c": cast}).orderBy("i").collect()

    assert [row["c"] for row in rows[: len(understood)]] == list(understood.values())
    failures = [[(f["column"], f["value"]) for f in row["_cast_failures"]] for row in rows]
    kept = ["***" if cast.is_private else value for value in refused]
    assert failures == [[]] * len(understood) + [[("c", value)] for value in kept]
    assert all(row["c"] is None for row in rows[len(understood) :])


def test_blank_and_null_are_not_failures(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("  ",), (None,)], "c string")
    rows = cast_columns(frame, {"c": PRIVATE_INT}).collect()
    assert [(row["c"], row["_cast_failures"]) for row in rows] == [(None, [])] * 2


@pytest.mark.parametrize(
    ("sent", "id_"), [("17850.0", "17850"), ("A1.0", "A1.0"), ("2.82E+18", None), ("x", "x")]
)
def test_ids_that_went_through_floats(spark: SparkSession, sent: str, id_: str | None) -> None:
    assert spark.range(1).select(to_id(F.lit(sent))).first()[0] == id_  # type: ignore[index]
