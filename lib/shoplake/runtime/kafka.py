"""Where Kafka is and how one logs in there, and Spark's connector for it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from pyspark.errors import PySparkException

from shoplake.errors import SettingsError
from shoplake.runtime.key import from_scope
from shoplake.runtime.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spark brings Scala and Hadoop itself. At 4.0.2 a dependency of the connector is not published.
_CONNECTOR = (
    "ivy://org.apache.spark:spark-sql-kafka-0-10_2.13:4.0.0?transitive=true&exclude="
    "org.scala-lang:scala-library,org.apache.hadoop:hadoop-client-runtime,"
    "org.apache.hadoop:hadoop-client-api,org.slf4j:slf4j-api"
)
_SECRET = re.compile(r"\$\{(?:secret:(?P<scope>[^/}]+)/(?P<name>[^}]+)|(?P<env>[A-Za-z_]\w*))\}")


def kafka_options(
    spark: SparkSession, settings: Settings, servers: str | None = None
) -> dict[str, str]:
    """Options of Spark's Kafka source and sink, with the connector made ready.

    The connector's jars are added to a local session when the first stream asks for them, so that
    a session without streams starts as fast as ever; a cluster brings them.

    Args:
        spark: the session.
        settings: whose `kafka` says where the brokers are and how to log in. `${NAME}` in an option
            is the environment variable, `${secret:scope/name}` a Databricks secret.
        servers: instead of the settings' `servers`.

    Raises:
        SettingsError: no servers are given, a secret is missing, or the jars cannot be resolved.
    """
    at = servers or settings.kafka.servers
    if not at:
        raise SettingsError(
            "it is not said where Kafka is",
            where=f"conf/env/{settings.env}.yml: kafka.servers",
            remedy="write it there, or give --kafka HOST:PORT; `make kafka` starts a local one",
        )
    options = {
        name: _SECRET.sub(lambda m, n=name: _secret(m, n, spark), value)  # type: ignore[misc]
        for name, value in settings.kafka.options.items()
    }
    if settings.spark.local:
        _add_connector(spark)
    # What a producer's transaction took back was never said.
    committed = {"kafka.isolation.level": "read_committed"}
    return {"kafka.bootstrap.servers": at, **committed, **options}


def _secret(match: re.Match[str], option: str, spark: SparkSession) -> str:
    if match["env"]:
        value = os.environ.get(match["env"], "")
    else:
        value = from_scope(spark, match["scope"], match["name"])
    if not value:
        raise SettingsError(
            f"{match[0]} has no value", where=f"kafka.options: {option}", remedy="set it"
        )
    return value


def _add_connector(spark: SparkSession) -> None:
    if any("spark-sql-kafka" in row[0] for row in spark.sql("LIST JARS").collect()):
        return
    try:
        spark.sql(f"ADD JAR {_CONNECTOR}")
    except PySparkException as error:
        raise SettingsError(
            f"Spark's Kafka connector cannot be resolved: {str(error).splitlines()[0][:200]}",
            remedy="the first stream fetches it from Maven Central",
        ) from None
