"""Bringing 1% of changes into a clustered table: what it takes, and how much is written for it.

    python tests/bench/bench_merge.py [--rows 2000000] [--files 32] [--runs 3]

Each side is given all rows as they are to be, as a refinement gives them, and starts from a table
of its own with the same rows, clustered by day. What changes is what changes in a shop: mostly the
last days, a few corrections of older rows, some rows gone, some new. The naive side is the MERGE
that one writes by hand: matched rows updated, new ones inserted, those that are gone deleted. The
tables are compared afterwards. Bytes are those of files written, over those of the whole table.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench_rules import ALL_STAGES, cpu_seconds
from delta import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from shoplake.contracts.ddl import create_table
from shoplake.contracts.model import Column, Contract
from shoplake.governance.mirror import mirror
from shoplake.governance.passes import Digest, digest
from shoplake.runtime.lake import Lake
from shoplake.runtime.session import get_spark
from shoplake.runtime.settings import load

TYPES = {
    "line_id": "string",
    "day": "date",
    "person": "string",
    "item": "string",
    "name": "string",
    "price": "double",
    "quantity": "int",
    "amount": "double",
    "at": "timestamp",
    "batch": "string",
}


def contract() -> Contract:
    columns = tuple(
        Column(n, kind, True, 1 if n == "line_id" else None, classification="internal")
        for n, kind in TYPES.items()
    )
    return Contract("silver.bench", "1.0.0", "Bench.", "a line", columns, ())


def lines(spark: SparkSession, first: int, last: int) -> DataFrame:
    """Seeded lines by number, a thousandth of the ids a day."""
    number = F.col("id")

    def some(seed: int, size: int) -> F.Column:  # type: ignore[name-defined]
        return F.pmod(F.xxhash64(number, F.lit(seed)), F.lit(size))

    day = F.date_add(F.lit("2020-01-01").cast("date"), (number / 2000).cast("int"))
    return spark.range(first, last, 1, 8).select(
        F.md5(number.cast("string")).alias("line_id"),
        day.alias("day"),
        F.md5(some(1, 50_000).cast("string")).alias("person"),
        F.concat(F.lit("P-"), some(2, 4_000)).alias("item"),
        F.concat(F.lit("a thing of number "), some(2, 4_000)).alias("name"),
        (some(3, 10_000) / 100).alias("price"),
        (some(4, 9) + 1).cast("int").alias("quantity"),
        (some(3, 10_000) / 100 * (some(4, 9) + 1)).alias("amount"),
        F.timestamp_seconds(1_577_836_800 + (number * 43).cast("double")).alias("at"),
        F.lit("b0").alias("batch"),
        number.alias("n"),
    )


def changed(before: DataFrame, rows: int, spark: SparkSession) -> DataFrame:
    """1% changed: of the last 2% of the lines a third, and three older ones; .1% new, 50 gone."""
    recent = (F.col("n") > rows * 0.98) & (F.col("n") % 3 == 0)
    old = F.col("n") % (rows // 3) == 7
    kept = before.where(~((F.col("n") > rows * 0.99) & (F.col("n") % (rows // 5000) == 1)))
    mended = kept.withColumn(
        "price", F.when(recent | old, F.col("price") + 1).otherwise(F.col("price"))
    )
    return mended.unionByName(lines(spark, rows, rows + rows // 1000))


def naive(lake: Lake, table: Contract, rows: DataFrame) -> None:
    (
        DeltaTable.forPath(lake.spark, str(lake.folder(table.table)))
        .alias("t")
        .merge(rows.alias("s"), "t.line_id = s.line_id")
        .whenMatchedUpdateAll()
        .whenNotMatchedInsertAll()
        .whenNotMatchedBySourceDelete()
        .execute()
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--files", type=int, default=32)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    spark = get_spark("bench_merge", memory="6g", conf=ALL_STAGES)
    table, folder = contract(), Path(tempfile.mkdtemp(prefix="shoplake-bench-"))
    sides: dict[str, Callable[[Lake, DataFrame], None]] = {
        "naive MERGE": lambda lake, rows: naive(lake, table, rows),
        "mirror": lambda lake, rows: mirror(lake, table, rows, None, *known, little=0),
    }
    known: list[Digest] = []
    try:
        before = folder / "before"
        made = lines(spark, 0, asked.rows)
        made.repartitionByRange(asked.files, "n").write.parquet(str(before))
        after = folder / "after"
        changed(spark.read.parquet(str(before)), asked.rows, spark).write.parquet(str(after))
        # The pass that counts a batch has its digest, and the ledger that of the table.
        known.extend(digest(spark.read.parquet(str(p)), table) for p in (after, before))
        figures: dict[str, list[tuple[float, float, float]]] = {name: [] for name in sides}
        digests = set()
        for run in range(asked.runs + 1):
            for name, side in sides.items():
                lake = Lake(spark, _settings(folder / "lake"))
                spark.sql(create_table(table, lake.identifier(table.table)))
                path = str(lake.folder(table.table))
                rows = spark.read.parquet(str(before)).select(*TYPES)
                ordered = rows.repartitionByRange(asked.files, "day").sortWithinPartitions("day")
                ordered.write.format("delta").mode("append").save(path)
                size = spark.sql(f"DESCRIBE DETAIL delta.`{path}`").first()["sizeInBytes"]  # type: ignore[index]
                wanted = spark.read.parquet(str(after)).select(*TYPES)
                busy, began = cpu_seconds(spark), time.perf_counter()
                side(lake, wanted)
                took = time.perf_counter() - began
                time.sleep(0.5)  # Spark reports a task's CPU time a little later.
                done = DeltaTable.forPath(spark, path).history(1).first()
                assert done is not None
                written = int(done["operationMetrics"].get("numTargetBytesAdded", 0)) / size
                digests.add(digest(lake.read(table.table), table))
                if run:
                    figures[name].append((took, cpu_seconds(spark) - busy, written))
                shutil.rmtree(folder / "lake")
        if len(digests) != 1:
            raise SystemExit(f"the sides end in different tables: {digests}")
        report(figures, asked)
    finally:
        shutil.rmtree(folder)
        spark.stop()


def _settings(folder: Path):  # type: ignore[no-untyped-def]
    import dataclasses

    return dataclasses.replace(load("local"), lake=str(folder))


def report(figures: dict[str, list[tuple[float, float, float]]], asked: argparse.Namespace) -> None:
    print(
        f"{asked.rows:,} rows in {asked.files} files, {asked.runs} runs in turn after a first one"
    )
    middle = {
        n: tuple(statistics.median(column) for column in zip(*rows, strict=True))
        for n, rows in figures.items()
    }
    for name, (wall, cpu, written) in middle.items():
        each = ", ".join(f"{row[0]:.1f}" for row in figures[name])
        print(
            f"  {name:<14}{wall:7.1f} s, CPU {cpu:6.1f} s, written {written:.3f} of the table ({each})"
        )
    first, *others = middle
    for other in others:
        w, c, b = (
            x / y if y else float("inf") for x, y in zip(middle[first], middle[other], strict=True)
        )
        print(
            f"{first} / {other}: wall {w:.2f}, CPU {c:.2f} (at least 3, aim 8); bytes {1 / b:.3f} of it (at most .2)"
        )


if __name__ == "__main__":
    main()
