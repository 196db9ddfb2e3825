from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from shoplake.runtime.session import interpret, is_little


def test_session_runs_in_utc(spark: SparkSession) -> None:
    assert spark.sql("select current_timezone()").first()[0] == "UTC"  # type: ignore[index]


def test_plans_are_interpreted_where_there_is_little_data(
    spark: SparkSession, compiled: None, tmp_path: Path
) -> None:
    (tmp_path / "day=1").mkdir()
    (tmp_path / "day=1" / "sales.csv").write_bytes(b"x" * 100)
    assert is_little(101, tmp_path)
    assert not is_little(101, tmp_path, tmp_path)
    assert not is_little(0, tmp_path / "no such folder")
    (tmp_path / "day=1" / "sales.csv.gz").write_bytes(b"x" * 100)
    assert is_little(1101, tmp_path)
    assert not is_little(1100, tmp_path)
    plan = spark.range(3).selectExpr("id + 1")
    interpret(spark, True, {})
    interpreted = plan.selectExpr("*")._jdf.queryExecution().executedPlan().toString()
    assert "*(1)" not in interpreted
    interpret(spark, False, {})
    assert "*(1)" in plan.selectExpr("*")._jdf.queryExecution().executedPlan().toString()


def test_what_a_user_says_of_compiling_stays(spark: SparkSession, compiled: None) -> None:
    key = "spark.sql.codegen.wholeStage"
    interpret(spark, True, {key: "true"})
    assert spark.conf.get(key) == "true"
