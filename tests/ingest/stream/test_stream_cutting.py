"""Law 2: the same records, by file or by topic in any cutting, delivered twice or not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import SparkSession

from shoplake.governance.run import Run, open_run
from shoplake.ingest.landing import land
from shoplake.refine.pseudonym import Secret
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import build_silver
from shoplake.runtime.broker import Broker

if TYPE_CHECKING:
    from conftest import Corner

WHERE = {"_row_id", "_file", "_row", "_ingested_at", "_run_id", "row_id"}
Row = tuple[tuple[str, str], ...]


def content(run: Run, table: str) -> list[Row]:
    rows = run.lake.read(table).collect()
    return sorted(tuple((k, str(v)) for k, v in r.asDict().items() if k not in WHERE) for r in rows)


def silver(run: Run) -> list[Row]:
    settings = RefineSettings(Secret(b"a key for the cutting test"))
    build_silver(Run("refine", run.lake, run.contracts), "silver.orders", settings)
    return content(run, "silver.orders")


@pytest.fixture
def batch(spark: SparkSession, tmp_path: Path, corner: Corner, line: Callable[..., str]) -> Run:
    (tmp_path / "data").mkdir()
    lines = [line(i, f"p{i % 4}") for i in range(20)]
    (tmp_path / "data" / "a.jsonl").write_text("\n".join(lines[:13]))
    (tmp_path / "data" / "b.jsonl").write_text("\n".join([*lines[13:], "{poison"]))
    settings = dataclasses.replace(corner.settings, lake=str(tmp_path / "batch"))
    run = open_run("ingest", spark, settings)
    land(run, corner.mapping, str(tmp_path / "data"))
    return run


@pytest.mark.slow
def test_any_cutting_gives_the_tables_that_files_give(
    batch: Run, corner: Corner, line: Callable[..., str]
) -> None:
    lines = [line(i, f"p{i % 4}") for i in range(20)]
    corner.send(*lines[:15])
    corner.take(most=8)
    # A producer that was not sure sends some again: bronze keeps them as sent, silver once.
    corner.send(*lines[15:], "{poison", *lines[3:9])
    corner.take()
    stream = corner.run()
    ledger = stream.lake.read("governance.ledger").where("table_name = 'bronze.orders'")
    assert ledger.count() == 3, "the test wants several batches"
    came, sent = content(stream, "bronze.orders"), content(batch, "bronze.orders")
    assert (len(came), sorted(set(came))) == (26, sent)
    assert len(content(stream, "bronze.unread")) == len(content(batch, "bronze.unread")) == 1
    assert silver(stream) == silver(batch)


@pytest.mark.slow
def test_a_replay_that_was_stopped_goes_on_in_order(
    spark: SparkSession, tmp_path: Path, broker: Broker, corner: Corner, line: Callable[..., str]
) -> None:
    from pyspark.sql import functions as F

    from shoplake.ingest.stream.replay import replay
    from shoplake.runtime.lake import Lake

    folder = tmp_path / "history"
    folder.mkdir()
    for day in range(2):
        lines = [line(i, f"p{i % 3}", at=f"2026-01-0{day + 1} 1{i}:00:00") for i in range(9)]
        # The first record of a file has no time, and none before it has.
        (folder / f"2026-01-0{day + 1}.jsonl").write_text("\n".join(["poison", *reversed(lines)]))
    lake = Lake(spark, corner.settings)

    def go(speed: float, before: str | None = None) -> int:
        return replay(lake, corner.mapping, str(folder), corner.options, speed=speed, before=before)

    assert go(86_400, before="2026-01-02") == 10
    assert go(0) == 10
    assert go(0) == 0
    there = spark.read.format("kafka").options(**corner.options, subscribe=corner.topic).load()
    rows = (
        there.orderBy("offset")
        .select(
            F.col("key").cast("string"),
            "partition",
            F.get_json_object(F.col("value").cast("string"), "$.at"),
        )
        .collect()
    )
    assert len(rows) == 20
    for person in ("p0", "p1", "p2"):
        theirs = [(partition, at) for key, partition, at in rows if key == person]
        assert len(theirs) == 6
        assert len({partition for partition, _ in theirs}) == 1
        assert theirs == sorted(theirs)
