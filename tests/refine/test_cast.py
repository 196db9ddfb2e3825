from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import pytest
from pyspark.sql import Row, SparkSession
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


#: What is understood of each kind, and as what; and what is refused.
CASTS: dict[str, tuple[Cast, dict[str, Any], list[str]]] = {
    "int": (
        INT,
        {"6": 6, " 6.0 ": 6, "-3": -3, "1e3": 1000, "+7": 7},
        ["6.5", "six", "2147483648", "1e-999999999", "0x1F", "1d"],
    ),
    "money": (
        MONEY,
        {"2.55": Decimal("2.5500"), "-0.00005": Decimal("-0.0001"), "1E2": Decimal("100")},
        ["£2.55", "1,000", "1e18", "NaN"],
    ),
    "double": (DOUBLE, {"2.5": 2.5, "1e-3": 0.001}, ["Infinity", "1d", "0x1p3"]),
    "timestamp": (
        TIMESTAMP,
        {
            "2011-11-08 12:30:00": datetime(2011, 11, 8, 12, 30),
            "2011-11-08": datetime(2011, 11, 8),
            "2011-11-08T12:30:00+01:00": datetime(2011, 11, 8, 11, 30),
            "1970-01-01": datetime(1970, 1, 1),
            "2099-12-31": datetime(2099, 12, 31),
        },
        ["12:30", "2011", "2011-13-01", "08/11/2011", "9999-12-31", "2100-01-01 00:00:00"],
    ),
    "spelling": (KINDS, {"Sale": "sale", "SOLD": "sale"}, ["gift"]),
    "bool": (PRIVATE_BOOLEAN, {"true": True, "No": False, "1": True}, ["maybe"]),
    "empty": (PRIVATE_INT, {"  ": None}, []),
}


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> list[Row]:
    """Every value under its cast in one frame: a column a cast, null where it has no more values."""
    sent = [[*understood, *refused] for _, understood, refused in CASTS.values()]
    schema = ", ".join(["i int", *(f"`{name}` string" for name in CASTS)])
    values = [(i, *row) for i, row in enumerate(zip_longest(*sent))]
    casts = {name: cast for name, (cast, _, _) in CASTS.items()}
    return cast_columns(spark.createDataFrame(values, schema), casts).orderBy("i").collect()


@pytest.mark.parametrize("name", CASTS)
def test_cast_understands_or_keeps_what_was_sent(rows: list[Row], name: str) -> None:
    cast, understood, refused = CASTS[name]
    assert [row[name] for row in rows[: len(understood)]] == list(understood.values())
    assert all(row[name] is None for row in rows[len(understood) :])
    failures = [[f["value"] for f in row["_cast_failures"] if f["column"] == name] for row in rows]
    kept = ["***" if cast.is_private else value for value in refused]
    spare = len(rows) - len(understood) - len(refused)
    assert failures == [[]] * len(understood) + [[value] for value in kept] + [[]] * spare


IDS = {"17850.0": "17850", "A1.0": "A1.0", "2.82E+18": None, "x": "x"}


def test_ids_that_went_through_floats(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(sent,) for sent in IDS], "sent string")
    assert {r[0]: r[1] for r in frame.select("sent", to_id(F.col("sent"))).collect()} == IDS
