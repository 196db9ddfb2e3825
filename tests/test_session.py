from pyspark.sql import SparkSession


def test_session_runs_in_utc(spark: SparkSession) -> None:
    assert spark.sql("select current_timezone()").first()[0] == "UTC"  # type: ignore[index]
