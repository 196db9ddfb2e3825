"""Rows brought to the driver where they are few, and left to Spark where they are not."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from shoplake.runtime import few
from shoplake.runtime.few import Few, distinct


def of(spark: SparkSession, *values: str | None, most: int = few.MOST) -> Few:
    return Few.of(spark.createDataFrame([(v,) for v in values], "who string"), most)


def said(found: Few) -> list[str]:
    return sorted(row.who for row in found.frame.collect())


def test_few_rows_are_in_the_driver(spark: SparkSession) -> None:
    found = of(spark, "a", "b", most=2)
    assert found.values("who") == ["a", "b"]
    assert said(found) == ["a", "b"]


def test_many_rows_stay_where_they_are(spark: SparkSession) -> None:
    found = of(spark, "a", "b", "c", most=2)
    assert found.values("who") is None
    assert said(found) == ["a", "b", "c"]


@pytest.mark.parametrize("most", [few.MOST, 1], ids=["in the driver", "in Spark"])
def test_each_value_of_any_part_is_there_once(spark: SparkSession, most: int) -> None:
    parts = [of(spark, "a", "b", "a", most=most), of(spark, None, "b", "c", most=most), of(spark)]
    found = distinct(parts, "who")
    assert said(found) == ["a", "b", "c"]
    assert sorted(map(str, found.values("who") or [])) == ["a", "b", "c"]


def test_more_values_than_few_are_left_to_spark(
    spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(few, "MOST", 2)
    found = distinct([of(spark, "a", "b"), of(spark, "c")], "who")
    assert said(found) == ["a", "b", "c"]


def test_a_mask_chooses_rows_here_and_there(spark: SparkSession) -> None:
    found = of(spark, "a", "b", "c").only(pa.chunked_array([[True, False, True]]))
    assert found.values("who") == said(found) == ["a", "c"]
