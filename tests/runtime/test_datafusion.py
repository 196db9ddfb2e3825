"""What `shoplake sql` makes of Databricks' functions; the values are Spark 4.0's."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.errors import ShoplakeError
from shoplake.runtime.settings import Settings, load
from shoplake.runtime.sql import query


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("spelling")
    at = pa.array([datetime(2024, 3, 5, 10, 11, 12, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    columns = {
        "s": ["hello"],
        "n": [7],
        "d": [date(2024, 3, 5)],
        "ts": at,
        "a": [[3, None, 1]],
        "why": [[{"rule": "r1"}]],
    }
    write_deltalake(str(folder / "silver" / "t"), pa.table(columns))
    write_deltalake(str(folder / "silver" / "few"), pa.table({"x": [1.0, 2.0, 10.0]}))
    return dataclasses.replace(load("local"), lake=str(folder))


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("date_format(d, 'yyyy-MM')", "2024-03"),
        ("date_format(ts, 'yyyy-MM-dd HH:mm:ss')", "2024-03-05 10:11:12"),
        ("date_format(ts, \"yyyy-MM-dd'T'HH:mm\")", "2024-03-05T10:11"),
        ("date_format(ts, 'EEEE, d MMMM yy')", "Tuesday, 5 March 24"),
        ("date_format(ts, 'M/d/yyyy hh:mm a')", "3/5/2024 10:11 AM"),
        ("date_format(d, 'DDD')", "065"),
        ("substring(s, -2)", "lo"),
        ("substring(s, 0, 2)", "he"),
        ("substring(s, 2, 3)", "ell"),
        ("substring(s, -3, 2)", "ll"),
        ("substring(s, -10, 7)", "he"),
        ("substring(s, 2, -1)", ""),
        ("substring(s, n - 9)", "lo"),
        ("substring(s, n - 7, n - 5)", "he"),
        ("substring(CAST(NULL AS STRING), n - 9)", None),
        ("left(s, -1)", ""),
        ("left(s, n - 9)", ""),
        ("right(s, 2)", "lo"),
        ("right(s, n - 9)", ""),
        ("hour(ts)", 10),
        ("minute(ts)", 11),
        ("second(ts)", 12),
        ("quarter(d)", 1),
        ("dayofmonth(d)", 5),
        ("dayofweek(d)", 3),
        ("extract(dow FROM d)", 3),
        ("date_part('dow', d)", 3),
        ("dayofyear(d)", 65),
        ("weekofyear(d)", 10),
        ("add_months(DATE '2024-01-31', 1)", date(2024, 2, 29)),
        ("add_months(d, -1)", date(2024, 2, 5)),
        ("trunc(d, 'MM')", date(2024, 3, 1)),
        ("trunc(d, 'year')", date(2024, 1, 1)),
        ("unix_timestamp(ts)", 1709633472),
        ("split('a,b', ',')[0]", "a"),
        ("split('a.b', '[.]')", ["a", "b"]),
        ("split('', ',')", [""]),
        ("slice(array(1, 2, 3), 2, 2)", [2, 3]),
        ("slice(array(1, 2, 3), -2, 1)", [2]),
        ("first(n)", 7),
        ("first(n, true)", 7),
        ("pmod(-7, 3)", 2),
        ("sign(n)", 1),
        ("isnan(CAST('NaN' AS DOUBLE))", True),
        ("CAST(ts AS STRING)", "2024-03-05 10:11:12"),
        ("CAST(TIMESTAMP '2024-03-05 10:11:12.120' AS STRING)", "2024-03-05 10:11:12.12"),
        ("TRY_CAST(ts AS STRING)", "2024-03-05 10:11:12"),
        ("CAST(ts AS BIGINT)", 1709633472),
        ("TRY_CAST('x' AS BIGINT)", None),
        ("TRY_CAST(s AS BIGINT)", None),
        ("CAST(n AS STRING)", "7"),
        ("CAST(d AS STRING)", "2024-03-05"),
        ("datediff(ts, '2024-03-04 23:00:00')", 1),
        ("date_diff(DAY, TIMESTAMP '2024-03-04 23:00:00', ts)", 0),
        ("to_date('31/12/2024', 'dd/MM/yyyy')", date(2024, 12, 31)),
        ("to_timestamp('2024-12-31 10:11', 'yyyy-MM-dd HH:mm')", datetime(2024, 12, 31, 10, 11)),
        ("date_trunc('MM', TIMESTAMP '2024-03-05 10:00:00')", datetime(2024, 3, 1)),
        ("weekday(d)", 1),
        ("sort_array(a)", [None, 1, 3]),
        ("sort_array(a, false)", [3, 1, None]),
        ("array_sort(a)", [1, 3, None]),
        ("array_remove(array(1, 2, 1), 1)", [2]),
        ("array_position(a, 1)", 3),
        ("array_position(a, 9)", 0),
        ("sequence(3, 1)", [3, 2, 1]),
        ("why[0].rule", "r1"),
        ("regexp_extract('a12b', '([0-9]+)')", "12"),
        ("regexp_extract('a12b', '[0-9]+', 0)", "12"),
        ("regexp_extract(s, '([0-9]+)', 1)", ""),
        ("7 DIV 2", 3),
        ("-7 DIV 2", -3),
        ("bigint('9')", 9),
        ("isnull(s)", False),
        ("timestamp_seconds(1)", datetime(1970, 1, 1, 0, 0, 1)),
    ],
)
def test_a_function_means_what_it_means_in_spark(
    settings: Settings, asked: str, answer: Any
) -> None:
    assert query(settings, f"SELECT {asked} AS v FROM silver.t") == [{"v": answer}]


def test_percentile_is_between_values(settings: Settings) -> None:
    rows = query(
        settings, "SELECT percentile(x, 0.75) AS p, percentile(x, 0.5) AS m FROM silver.few"
    )
    assert rows == [{"p": 6.0, "m": 2.0}]


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("collect_set(x)", [1.0]),
        ("max_by(y, x)", "a"),
        ("min_by(x, y)", 1.0),
        ("every(x > 0)", True),
        ("std(x)", 0.0),
    ],
)
def test_an_aggregate_means_what_it_means_in_spark(
    settings: Settings, asked: str, answer: Any
) -> None:
    some = "SELECT * FROM VALUES (1.0D, 'a'), (1.0D, 'a'), (NULL, 'b') AS v(x, y)"
    assert query(settings, f"SELECT {asked} AS v FROM ({some})") == [{"v": answer}]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("date_format(ts, 'Q')", "without Spark: DATE_FORMAT"),
        ("date_format(ts, 'yyyyy')", "without Spark: DATE_FORMAT"),
        ("date_format(ts, s)", "without Spark: DATE_FORMAT"),
        ("split(s, 'l+')", "split by a pattern"),
        ("add_months(d, n)", "add_months but by a written number"),
        ("months_between(d, d)", "months_between"),
        ("approx_percentile(n, 0.5)", "write percentile"),
        ("unix_timestamp(s, 'yyyy')", "unix_timestamp with a format"),
        ("soundex(s)", "Spark: soundex"),
        ("bround(2.5)", "no function 'bround'"),
        ("filter(a, x -> x > 1)", "a function of the values of an array"),
        ("to_date(s, 'Q')", "without Spark: TO_DATE"),
        ("regexp_extract(s, s)", "regexp_extract but by a written pattern"),
        ("INTERVAL 1 DAY", "'v' is an interval"),
    ],
)
def test_what_has_no_spelling_is_refused(settings: Settings, asked: str, message: str) -> None:
    with pytest.raises(ShoplakeError, match=message):
        query(settings, f"SELECT {asked} AS v FROM silver.t")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("silver.t VERSION AS OF 0", "an older version"),
        ("silver.t TIMESTAMP AS OF '2024-01-01'", "an older version"),
        ("silver.t TABLESAMPLE (1 ROWS)", "a sample"),
    ],
)
def test_other_rows_than_asked_for_are_no_answer(
    settings: Settings, asked: str, message: str
) -> None:
    with pytest.raises(ShoplakeError, match=message):
        query(settings, f"SELECT * FROM {asked}")


def test_a_hint_changes_no_answer(settings: Settings) -> None:
    assert query(settings, "SELECT /*+ BROADCAST(t) */ n FROM silver.t") == [{"n": 7}]
