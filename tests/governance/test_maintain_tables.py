"""Maintenance of real tables: fewer files, the same rows, and every promise about versions holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession

from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.contracts.model import Column, Contract
from shoplake.errors import GovernanceError
from shoplake.governance.erasure.files import Searcher
from shoplake.governance.erasure.order import Order, Subject
from shoplake.governance.erasure.purge import purge_table
from shoplake.governance.erasure.rows import remove_rows
from shoplake.governance.erasure.values import Value
from shoplake.governance.erasure.verify import search
from shoplake.governance.ledger import ensure
from shoplake.governance.maintain.compact import compact
from shoplake.governance.maintain.log import commits_to_read, tidy_log
from shoplake.governance.maintain.settings import MaintainSettings
from shoplake.governance.maintain.tables import Done, maintain_tables, record
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

VISITS = Contract(
    "silver.visits", "1.0.0", "Visits.", "one row per visit", rules=(),
    columns=(
        Column("page", "string"), Column("n", "bigint"),
        Column("person_key", "string", classification="pseudonym"),
    ),
)  # fmt: skip
TABLE = VISITS.table
# Nothing is too young to go, so that a test need not wait a week.
SAID = MaintainSettings(
    small_mb=1,
    target_mb=10,
    small_files=3,
    keep_hours=0,
    model_versions=1,
    snapshot_days=365,
    log_commits=20,
)


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path) -> Run:
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(tmp_path / "lake")))
    governance = {c.table: c for c in load_contracts(conf_dir() / "contracts")}
    return Run("maintain", lake, ContractBook({**governance, TABLE: VISITS}))


def visits(*numbers: int) -> pa.Table:
    return pa.table(
        {
            "page": ["home" for _ in numbers],
            "n": list(numbers),
            "person_key": [f"key-of-{n}" for n in numbers],
        }
    )


def fill(run: Run, files: int = 5) -> None:
    """The table, and a file a visit."""
    ensure(run.lake, VISITS)
    for n in range(files):
        write_deltalake(str(run.lake.folder(TABLE)), visits(n), mode="append")


def maintain(run: Run, keep: set[int] | None = None) -> Done:
    (done,) = maintain_tables(run, SAID, {TABLE: keep or set()})
    return done


def numbers(run: Run, version: int | None = None) -> list[int]:
    return sorted(r.n for r in run.lake.read(TABLE, version).collect())


def parts(run: Run) -> list[Path]:
    return sorted(run.lake.folder(TABLE).glob("*.parquet"))


def test_small_files_become_one_and_nothing_is_to_be_built_again(run: Run) -> None:
    fill(run)
    version = run.lake.version(TABLE)
    assert version is not None
    # As Hadoop lays one beside each file, where it is not told otherwise.
    (run.lake.folder(TABLE) / f".{parts(run)[0].name}.crc").touch()
    before = run.lake.read(TABLE).toPandas().sort_values("n", ignore_index=True)
    done = maintain(run)
    after = run.lake.read(TABLE).toPandas().sort_values("n", ignore_index=True)
    assert before.equals(after)
    assert (done.before.count, done.after.count, len(parts(run))) == (5, 1, 1)
    assert list(run.lake.folder(TABLE).glob(".*.crc")) == []
    # A batch is named by the versions that it read, so this one is read no more than once.
    assert run.lake.version(TABLE) == version
    assert numbers(run, version) == [0, 1, 2, 3, 4]
    assert run.lake.count(TABLE, version) == 5
    log = b"".join(p.read_bytes() for p in run.lake.folder(TABLE).rglob("*.json"))
    assert b"home" in log
    assert b"key-of-" not in log
    assert not maintain(run).is_news


@pytest.mark.slow
def test_what_was_killed_after_joining_is_finished(run: Run) -> None:
    fill(run)
    compact(run.lake, TABLE, SAID)
    assert len(parts(run)) == 6
    done = maintain(run)
    assert done.removed is not None
    assert (done.removed.files, len(parts(run)), numbers(run)) == (5, 1, [0, 1, 2, 3, 4])


def test_a_version_that_a_model_learned_from_stays_readable_and_others_do_not(run: Run) -> None:
    folder = str(run.lake.folder(TABLE))
    write_deltalake(folder, visits(0, 1, 2))
    for n in (0, 1):
        DeltaTable(folder).delete(f"n = {n}")
    assert [numbers(run, v) for v in (0, 1, 2)] == [[0, 1, 2], [1, 2], [2]]
    maintain(run, keep={0})
    assert [numbers(run, v) for v in (0, 2)] == [[0, 1, 2], [2]]
    assert len(parts(run)) == 2
    properties = DeltaTable(folder).metadata().configuration
    assert properties["delta.logRetentionDuration"] == "interval 365 days"
    assert run.lake.version(TABLE) == 2
    maintain(run)
    assert len(parts(run)) == 1


@pytest.mark.slow
def test_a_version_of_before_the_joining_is_read_after_newer_rows_came(run: Run) -> None:
    fill(run)
    version = run.lake.version(TABLE)
    maintain(run, keep={version} if version else set())
    DeltaTable(str(run.lake.folder(TABLE))).delete("n < 3")
    maintain(run, keep={version} if version else set())
    assert numbers(run, version) == [0, 1, 2, 3, 4]
    assert numbers(run) == [3, 4]


def test_the_change_feed_tells_of_no_change(run: Run) -> None:
    folder = str(run.lake.folder(TABLE))
    on = {"delta.enableChangeDataFeed": "true"}
    for n in range(5):
        write_deltalake(folder, visits(n), mode="append", configuration=on)
    joined = DeltaTable(folder).version() + 1
    compact(run.lake, TABLE, SAID)
    reader = run.lake.spark.read.format("delta").option("readChangeFeed", "true")
    changes = reader.option("startingVersion", 0).load(folder)
    assert sorted((r.n, r._change_type) for r in changes.collect()) == [
        (n, "insert") for n in range(5)
    ]
    assert DeltaTable(folder).version() == joined
    assert changes.where(f"_commit_version = {joined}").isEmpty()


@pytest.mark.slow
def test_a_long_log_gets_a_checkpoint_and_keeps_its_versions(run: Run) -> None:
    folder = run.lake.folder(TABLE)
    for n in range(21):
        write_deltalake(str(folder), visits(n), mode="append")
    assert commits_to_read(folder) == 21
    assert tidy_log(run.lake, TABLE, SAID, dry_run=True) == 0
    assert commits_to_read(folder) == 21
    tidy_log(run.lake, TABLE, SAID)
    assert commits_to_read(folder) == 0
    assert [DeltaTable(str(folder), version=v).count() for v in (0, 20)] == [1, 21]


def test_a_dry_run_touches_no_file(run: Run) -> None:
    folder = run.lake.folder(TABLE)
    for n in range(5):
        write_deltalake(str(folder), visits(n), mode="append")
    before = {p: p.stat().st_mtime_ns for p in run.lake.settings.root.rglob("*")}
    (done,) = maintain_tables(run, SAID, {TABLE: {2}}, dry_run=True)
    assert (done.before.count, done.after.count) == (5, 1)
    assert {p: p.stat().st_mtime_ns for p in run.lake.settings.root.rglob("*")} == before


@pytest.mark.slow
def test_gold_stays_as_it_is_while_a_training_may_go_on(run: Run) -> None:
    folder = run.lake.folder("gold.examples")
    for n in range(5):
        write_deltalake(str(folder), visits(n), mode="append")
    (run.lake.settings.root / "runs" / "aa").mkdir(parents=True)
    (run.lake.settings.root / "runs" / "aa" / "checkpoint.pt").touch()
    (done,) = maintain_tables(run, SAID, {})
    assert (done.after.count, done.is_news) == (5, False)


def test_while_an_erasure_is_not_completed_nothing_is_maintained(run: Run) -> None:
    root = run.lake.settings.root
    Order("r1", "2026-03-01T00:00:00+00:00", (), Subject((), (), ())).save(root)
    with pytest.raises(GovernanceError, match="erasure was not completed"):
        next(maintain_tables(run, SAID, {}))


@pytest.mark.slow
def test_what_was_done_is_recorded_and_only_that(run: Run) -> None:
    folder = str(run.lake.folder(TABLE))
    write_deltalake(folder, visits(0))
    write_deltalake(folder, visits(1), mode="overwrite")
    done = list(maintain_tables(run, SAID, {}))
    record(run, done)
    record(run, list(maintain_tables(run, SAID, {})))
    rows = run.lake.rows("governance.maintenance", ("table_name", "files_after", "files_removed"))
    assert [tuple(r.values()) for r in rows] == [(TABLE, 1, 1)]


@pytest.mark.slow
def test_an_erased_person_is_gone_before_and_after(run: Run) -> None:
    fill(run)
    zoe = Subject((), ("key-of-3",), (Value("key", "key-of-3"),))
    root = run.lake.settings.root

    def places() -> set[str]:
        return {p.where for p in search([root], zoe.searched).places}

    compact(run.lake, TABLE, SAID)  # the files of before are still there
    assert len(places()) >= 2
    remove_rows(run.lake, TABLE, VISITS, zoe, None)
    purge_table(run.lake, TABLE, Searcher(zoe).in_file)
    assert places() == set()
    write_deltalake(str(run.lake.folder(TABLE)), visits(10), mode="append")
    write_deltalake(str(run.lake.folder(TABLE)), visits(11), mode="append")
    write_deltalake(str(run.lake.folder(TABLE)), visits(12), mode="append")
    assert maintain(run).after.count == 1
    assert places() == set()
    assert numbers(run) == [0, 1, 2, 4, 10, 11, 12]


@pytest.mark.slow
def test_the_statements_for_a_catalog_do_the_same(spark: SparkSession, tmp_path: Path) -> None:
    settings = dataclasses.replace(
        load("local"), lake=str(tmp_path), catalog="spark_catalog", schema_prefix="maintained_"
    )
    lake = Lake(spark, settings)
    spark.sql(f"CREATE SCHEMA maintained_silver LOCATION '{tmp_path}/silver'")
    try:
        ensure(lake, VISITS)
        for n in range(4):
            rows = spark.createDataFrame(visits(n).to_pandas())
            rows.coalesce(1).write.format("delta").mode("append").saveAsTable(
                "maintained_silver.visits"
            )
        version = lake.version(TABLE)
        run = Run("maintain", lake, ContractBook({TABLE: VISITS}))
        said = dataclasses.replace(SAID, keep_hours=168)
        (done,) = maintain_tables(run, said, {TABLE: {2}})
        assert (done.before.count, done.after.count, done.removed) == (4, 1, None)
        assert lake.version(TABLE) == version
        assert numbers(run, version) == [0, 1, 2, 3]
        (again,) = maintain_tables(run, said, {TABLE: {2}})
        assert not again.is_news
    finally:
        spark.sql("DROP SCHEMA maintained_silver CASCADE")
