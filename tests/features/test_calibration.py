"""Calibration says how often people did what interest foretold."""

from __future__ import annotations

import pytest
from days import day
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplake.errors import ShoplakeError
from shoplake.features.calibration import (
    Recalibration,
    calibration,
    expected_calibration_error,
    fit_recalibration,
)

SHARES = {0.2: 0.1, 0.6: 0.5, 0.9: 0.4}  # interest -> share who buy; not monotone at the top


@pytest.fixture
def told(spark: SparkSession) -> DataFrame:
    """Interest as of day 10 of ten people at each level."""
    rows = [(f"{level}-{n}", "s:A", day(10), level) for level in SHARES for n in range(10)]
    schema = "person_key string, product_id string, as_of timestamp, interest double"
    return spark.createDataFrame(rows, schema)


@pytest.fixture
def happened(view) -> DataFrame:
    """Purchases within the horizon by the share of SHARES, and some outside it."""
    bought = [
        (f"{level}-{n}", "A", "purchase", 15)
        for level, share in SHARES.items()
        for n in range(round(share * 10))
    ]
    outside = [("0.2-9", "A", "purchase", 10), ("0.2-8", "A", "purchase", 41)]
    return view(*bought, *outside, ("0.2-7", "A", "click", 20))


def test_bins_hold_the_shares_with_wilson_intervals(told, happened) -> None:
    table = calibration(told, happened, day(10), 30, bins=10)
    rows = table.where("outcome = 'purchased'").collect()
    assert [(r["bin"], r["pairs"], round(r["share"], 9)) for r in rows] == [
        (2, 10, 0.1),
        (6, 10, 0.5),
        (9, 10, 0.4),
    ]
    # Wilson (1927) for 5 of 10, as statsmodels' proportion_confint(5, 10, method="wilson") says.
    assert (rows[1]["low"], rows[1]["high"]) == pytest.approx((0.236593, 0.763407), abs=1e-6)


def test_interacting_and_buying_are_two_outcomes(told, happened) -> None:
    low = calibration(told, happened, day(10), 30, bins=10).where("bin = 2").collect()
    assert {r["outcome"]: round(r["share"], 9) for r in low} == {
        "interacted": 0.2,
        "purchased": 0.1,
    }


def test_expected_calibration_error_weighs_gaps_by_pairs(told, happened) -> None:
    table = calibration(told, happened, day(10), 30, bins=10)
    expected = (abs(0.2 - 0.1) + abs(0.6 - 0.5) + abs(0.9 - 0.4)) / 3
    assert expected_calibration_error(table, "purchased") == pytest.approx(expected)


def test_map_lowers_the_error_and_keeps_order(told, happened) -> None:
    fitted = fit_recalibration(told, happened, day(10), 30, "purchased")
    mapped = told.withColumn("interest", fitted.column(F.col("interest")))
    before, after = (
        expected_calibration_error(calibration(rows, happened, day(10), 30), "purchased")
        for rows in (told, mapped)
    )
    assert after < before / 3
    ys = [y for _, y in fitted.knots]
    assert ys == sorted(set(ys))


def test_map_joins_its_knots_with_lines_and_is_flat_outside(spark: SparkSession) -> None:
    line = Recalibration("purchased", 30, "2024-01-01", ((0.2, 0.1), (0.4, 0.3), (0.8, 0.4)))
    rows = spark.createDataFrame([(x,) for x in (0.0, 0.2, 0.3, 0.6, 1.0)], "x double")
    found = [row[0] for row in rows.select(line.column(F.col("x"))).collect()]
    assert found == pytest.approx([0.1, 0.1, 0.2, 0.35, 0.4])


def test_nobody_before_the_cut_is_an_error(told, happened) -> None:
    with pytest.raises(ShoplakeError, match="no interest to calibrate"):
        fit_recalibration(told.where("false"), happened, day(10), 30)
