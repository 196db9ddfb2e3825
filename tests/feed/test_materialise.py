from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.feed import Feed, FeedError, materialise, purge


@pytest.fixture(scope="module")
def rows(spark: SparkSession) -> DataFrame:
    return spark.range(0, 100).selectExpr(
        "cast(id as string) as example_id", "cast(id as int) as number", "array(1, 2) as history"
    )


def copy(df: DataFrame, root: Path, source: str = "gold.t@1", **changed: object) -> list[str]:
    arguments = {"key": "example_id", "columns": ["number", "history"], "rows_per_group": 7}
    return materialise(df, root, source=source, **(arguments | changed))  # type: ignore[arg-type]


def read(files: list[str]) -> list[int]:
    return [n for path in files for n in pq.read_table(path)["number"].to_pylist()]


def test_row_groups_are_equal_but_the_last(rows: DataFrame, tmp_path: Path) -> None:
    metadata = [pq.read_metadata(path) for path in copy(rows, tmp_path)]
    sizes = [m.row_group(i).num_rows for m in metadata for i in range(m.num_row_groups)]
    assert sorted(sizes, reverse=True) == [7] * 14 + [2]


def test_a_copy_holds_each_row_once_and_only_the_columns(rows: DataFrame, tmp_path: Path) -> None:
    files = copy(rows, tmp_path)
    assert sorted(read(files)) == list(range(100))
    assert pq.read_schema(files[0]).names == ["number", "history"]


def test_order_does_not_depend_on_partitions(rows: DataFrame, tmp_path: Path) -> None:
    one, other = copy(rows, tmp_path / "a"), copy(rows.repartition(5), tmp_path / "b")
    assert read(one) == read(other) != list(range(100))


def test_the_same_version_is_reused(rows: DataFrame, tmp_path: Path) -> None:
    assert copy(rows, tmp_path) == copy(rows.limit(0), tmp_path)


@pytest.mark.parametrize("changed", [{"source": "gold.t@2"}, {"seed": 1}, {"columns": ["number"]}])
def test_another_version_seed_or_column_is_another_copy(
    rows: DataFrame, tmp_path: Path, changed: dict[str, object]
) -> None:
    assert not set(copy(rows, tmp_path)) & set(copy(rows, tmp_path, **changed))  # type: ignore[arg-type]


def test_purge_leaves_no_file(rows: DataFrame, tmp_path: Path) -> None:
    copy(rows, tmp_path)
    (tmp_path / "unfinished.tmp").mkdir()
    assert len(purge(tmp_path)) == 2
    assert list(tmp_path.iterdir()) == []


def test_no_rows_is_an_error(rows: DataFrame, tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="no rows to train on"):
        copy(rows.limit(0), tmp_path)


def test_a_feed_reads_a_copy(rows: DataFrame, tmp_path: Path) -> None:
    feed = Feed(copy(rows, tmp_path), ["number", "history"], batch_size=10, seed=1, shards=2)
    batch, _ = next(iter(feed))
    assert batch["history"].tolist() == [[1, 2]] * 10
