"""The rows a table gained are told from its log, and only where nothing else happened."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from pyspark.sql import SparkSession

from shoplake.runtime.appended import appended, readable
from shoplake.runtime.commits import added_by
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import load

TABLE = "bronze.events"


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, dataclasses.replace(load("local"), lake=str(tmp_path / "a lake")))


def add(lake: Lake, *ids: str, mode: str = "append") -> int:
    frame = lake.spark.createDataFrame([(i,) for i in ids], "id string").coalesce(1)
    frame.write.format("delta").mode(mode).save(str(lake.folder(TABLE)))
    version = lake.version(TABLE)
    assert version is not None
    return version


def gained(lake: Lake, since: int | None, until: int) -> set[str] | None:
    rows = appended(lake, TABLE, since, until)
    return None if rows is None else {row[0] for row in rows.collect()}


def test_rows_of_the_commits_in_between(lake: Lake) -> None:
    first, second, third = add(lake, "a"), add(lake, "b", "c"), add(lake, "d")
    assert gained(lake, first, second) == {"b", "c"}
    assert gained(lake, first, third) == {"b", "c", "d"}
    assert gained(lake, None, second) == {"a", "b", "c"}
    assert gained(lake, third, third) == set()


def remove(lake: Lake) -> None:
    lake.delta(TABLE).delete("id = 'a'")


def replace(lake: Lake) -> None:
    add(lake, "a", "b", mode="overwrite")


@pytest.mark.parametrize("change", [remove, replace])
def test_not_told_where_more_than_that_happened(lake: Lake, change: Callable[[Lake], None]) -> None:
    first = add(lake, "a")
    add(lake, "b")
    change(lake)
    version = lake.version(TABLE)
    assert version is not None
    assert gained(lake, first, version) is None


def test_not_told_by_a_log_that_has_lost_a_commit(lake: Lake) -> None:
    first, last = add(lake, "a"), add(lake, "b")
    folder = lake.folder(TABLE)
    (folder / "_delta_log" / f"{last:020d}.json").unlink()
    assert added_by(folder, first, last) is None


def test_told_after_files_were_joined_until_the_old_ones_are_cleared_away(lake: Lake) -> None:
    first, last = add(lake, "a"), add(lake, "b")
    files = lake.files(TABLE, last)
    lake.delta(TABLE).optimize().executeCompaction()
    assert lake.version(TABLE) == last
    assert gained(lake, first, last) == {"b"}
    for file in files:
        Path(unquote(file)).unlink()
    assert gained(lake, first, last) is None


def test_a_version_whose_files_were_cleared_away_cannot_be_read(lake: Lake) -> None:
    first = add(lake, "a")
    for file in lake.files(TABLE, first):
        Path(unquote(file)).unlink()
    second = add(lake, "b", mode="overwrite")
    assert not readable(lake, TABLE, first)
    assert readable(lake, TABLE, second)
    assert not readable(lake, TABLE, second + 1)


def test_a_version_can_be_read_from_the_files_that_its_rows_were_put_in(lake: Lake) -> None:
    add(lake, "a")
    last = add(lake, "b")
    files = lake.files(TABLE, last)
    lake.delta(TABLE).optimize().executeCompaction()
    for file in files:
        Path(unquote(file)).unlink()
    assert readable(lake, TABLE, last)
    assert lake.read(TABLE, last).count() == 2
