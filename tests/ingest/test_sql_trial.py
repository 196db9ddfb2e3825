from __future__ import annotations

from pathlib import Path

import pytest
from lamps import column, lamps
from pyspark.sql import SparkSession

from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.sql_trial import check_sql


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("to_date(At)", "CAST_INVALID_INPUT"),
        ("no_such_function(At)", "no_such_function"),
        ("struct(At)", "text is needed"),
    ],
)
def test_what_spark_refuses_is_told_with_its_line(
    spark: SparkSession, tmp_path: Path, sql: str, told: str
) -> None:
    [problem] = check_sql(spark, lamps(tmp_path, column(f'{{ sql: "{sql}" }}')))
    assert problem.line == 14
    assert told in problem.message


def test_a_condition_must_be_one(spark: SparkSession, tmp_path: Path) -> None:
    mapping = lamps(tmp_path, ("      orders:\n", "      orders:\n        where: trim(Qty)\n"))
    [problem] = check_sql(spark, mapping)
    assert "a condition is needed" in problem.message


@pytest.mark.parametrize("shop", ["online_retail", "google_store", "dunnhumby", "home_depot"])
def test_our_mappings_survive_hostile_values(spark: SparkSession, shop: str) -> None:
    sources = Path(__file__).parents[2] / "conf" / "sources"
    assert check_sql(spark, load_mapping(sources / f"{shop}.yml")) == []
