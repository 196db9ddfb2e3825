from __future__ import annotations

import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from shoplake.runtime.session import interpret, is_little
from shoplake.runtime.trouble import explained


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


def test_a_bit_that_a_disk_has_turned_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    spark.range(2000).coalesce(1).write.parquet(str(tmp_path / "t"))
    (file,) = (tmp_path / "t").glob("*.parquet")
    chunk = pq.ParquetFile(file).metadata.row_group(0).column(0)
    text = bytearray(file.read_bytes())
    text[chunk.data_page_offset + chunk.total_compressed_size // 2] ^= 1
    file.write_bytes(bytes(text))
    with pytest.raises(Exception, match=r"FAILED_READ_FILE") as raised:
        spark.read.schema("id bigint").parquet(str(file)).agg(F.sum("id")).collect()
    error = explained(raised.value)
    assert error is not None
    assert str(error.where).endswith(file.name)


def test_workers_of_a_cluster_are_in_utc_too(spark: SparkSession) -> None:
    assert spark.conf.get("spark.executorEnv.TZ") == "UTC"
    assert "-Duser.timezone=UTC" in str(spark.conf.get("spark.executor.extraJavaOptions"))


def test_spark_forgets_queries_that_are_done(spark: SparkSession) -> None:
    """A stream makes thousands a day, and nobody looks at them."""
    for _ in range(40):
        spark.range(1).selectExpr("id + 1").collect()
    store = spark._jsparkSession.sharedState().statusStore()
    end = time.monotonic() + 60
    while store.executionsCount() > 30 and time.monotonic() < end:
        time.sleep(0.1)  # Spark tidies up in a thread of its own
    assert store.executionsCount() <= 30
