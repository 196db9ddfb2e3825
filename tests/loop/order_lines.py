"""Queries that count each person's order lines, with state and a change feed that an erasure meets."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query

LINES = "gold.lines"
#: The header of the built-in shop's files of orders.
NAMES = (
    *("order_no", "line_no", "customer", "sku", "item", "qty", "unit_price", "currency"),
    *("type", "line_type", "country", "channel", "ordered_at"),
)


def count_lines(spark: SparkSession, settings: Settings, *, store: str) -> None:
    """A query that keeps each person's order lines in a table with a change feed, as far as it is.

    With a store of HDFSBacked it reads the shop's files, with RocksDB bronze; both checkpoints lie
    in the lake.
    """
    table = f"delta.`{settings.root}/{LINES.replace('.', '/')}`"
    spark.sql(
        f"CREATE TABLE IF NOT EXISTS {table} (_source STRING, person_id STRING, lines BIGINT)"
        " USING delta TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')"
    )

    def upsert(batch: DataFrame, _: int) -> None:
        batch.createOrReplaceTempView("counted")
        batch.sparkSession.sql(
            f"MERGE INTO {table} t USING counted s ON t.person_id <=> s.person_id"
            " WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
        )

    provider = f"org.apache.spark.sql.execution.streaming.state.{store}StateStoreProvider"
    # RocksDB's files want Hadoop's usual file system, which our sessions do without.
    said = {
        "spark.sql.streaming.stateStore.providerClass": provider,
        "fs.file.impl": "org.apache.hadoop.fs.LocalFileSystem",
        "fs.file.impl.disable.cache": "true",
    }
    for name, value in said.items():
        spark.conf.set(name, value)
    if store == "RocksDB":
        orders = spark.readStream.format("delta").load(f"{settings.root}/bronze/orders")
    else:
        files = spark.readStream.schema(", ".join(f"{name} STRING" for name in NAMES)).option(
            "header", True
        )
        orders = files.csv(f"{settings.root}/raw/orders/*/*.csv.gz").selectExpr(
            "'builtin' AS _source", "trim(customer) AS person_id"
        )
    counts = orders.groupBy("_source", "person_id").count().withColumnRenamed("count", "lines")
    writer = counts.writeStream.outputMode("update").foreachBatch(upsert)
    writer = writer.option("checkpointLocation", f"{settings.root}/checkpoints/{store}")
    writer.trigger(availableNow=True).start().awaitTermination()
    for name in said:
        spark.conf.unset(name)


def lines(settings: Settings) -> dict[str, int]:
    return {r["person_id"]: r["lines"] for r in query(settings, f"SELECT * FROM {LINES}")}
