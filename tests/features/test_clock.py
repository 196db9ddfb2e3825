from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pyspark.sql import SparkSession

from shoplake.features.clock import Day, Span, believed, span

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int, rows: int) -> Day:
    at = START + timedelta(days=number)
    return Day(at.date(), rows, at, at + timedelta(hours=20))


def last_of(number: int) -> datetime:
    return START + timedelta(days=number, hours=20)


STEADY = [day(n, 10) for n in range(60)]


@pytest.mark.parametrize(
    ("more", "last", "beyond"),
    [
        ([], 59, 0),
        ([day(59 + 365, 1)], 59, 1),
        ([day(430, 1), day(431, 2), day(9000, 1)], 59, 4),
        # A shop that was closed, and what was sold since.
        ([day(59 + 299, 1)], 358, 0),
        ([day(430, 4), day(431, 4)], 431, 0),
        ([day(430, 4), day(431, 4), day(800, 1)], 431, 1),
    ],
    ids=["none", "a year", "several", "closed", "many", "many and one"],
)
def test_few_rows_long_after_all_others_do_not_end_the_data(
    more: list[Day], last: int, beyond: int
) -> None:
    found = believed(reversed([*STEADY, *more]))
    assert found == Span(START, last_of(last), beyond)


def test_of_little_data_every_row_is_believed() -> None:
    assert believed([day(0, 1), day(4000, 1)]) == Span(START, last_of(4000), 0)


def test_no_rows_have_no_span() -> None:
    assert believed([]) is None


def test_the_span_of_a_view_is_that_of_its_days(spark: SparkSession) -> None:
    times = [START + timedelta(hours=7 * n, microseconds=n) for n in range(300)]
    rows = [(time,) for time in (*times, START + timedelta(days=900), None)]
    found = span(spark.createDataFrame(rows, "at timestamp"))
    assert found == Span(START, times[299], 1)
