"""A table whose first commit never came, one that is gone, and a clock that was put back."""

from __future__ import annotations

import shutil
import threading
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.model import Contract
from shoplake.errors import GovernanceError
from shoplake.governance import create, ledger
from shoplake.governance.ledger import Counts, Ledger, ensure
from shoplake.governance.publish import publish
from shoplake.governance.run import Run
from shoplake.runtime.alone import alone

SCHEMA = "id string, price double, owner string, row_id string"


def put(run: Run, items: Contract, spark: SparkSession, batch: str) -> Counts:
    df = spark.createDataFrame([("a", 1.0, "ann", "r1")], SCHEMA)
    return publish(run.lake, run.ledger, df, items, step="test", batch=batch, inputs={})


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(create, "_PATIENCE_S", 0.0)


@pytest.mark.usefixtures("impatient")
def test_what_is_left_of_a_log_is_no_table(run: Run, items: Contract) -> None:
    log = run.lake.folder(items.table) / "_delta_log"
    (log / "_staged_commits").mkdir(parents=True)
    (log / ".00000000000000000000.json.1.tmp").touch()
    ensure(run.lake, items)
    assert run.lake.read(items.table).count() == 0


@pytest.mark.usefixtures("impatient")
def test_a_folder_of_something_else_is_no_table(run: Run, items: Contract) -> None:
    folder = run.lake.folder(items.table)
    folder.mkdir(parents=True)
    (folder / "notes.txt").touch()
    with pytest.raises(GovernanceError, match=r"silver\.items cannot be made"):
        ensure(run.lake, items)


def test_a_table_that_another_process_is_making_is_waited_for(run: Run, items: Contract) -> None:
    other = threading.Thread(target=ensure, args=(run.lake, items))
    with alone(run.lake.settings, f"making {items.table}"):
        other.start()
        other.join(1)
        assert not run.lake.exists(items.table)
    other.join()
    assert run.lake.exists(items.table)


def test_a_table_whose_folder_is_gone_is_made_again(
    run: Run, items: Contract, spark: SparkSession
) -> None:
    put(run, items, spark, "b1")
    shutil.rmtree(run.lake.folder(items.table))
    again = Run("test", run.lake.__class__(spark, run.lake.settings), run.contracts)
    put(again, items, spark, "b1")
    assert again.lake.read(items.table).count() == 1


def test_the_last_batch_is_the_last_one_written_where_the_clock_was_put_back(
    run: Run, items: Contract, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=2)

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "datetime", Ahead)
        put(run, items, spark, "b1")
    later = Run("test", run.lake, run.contracts)
    put(later, items, spark, "b2")
    told = Ledger(run.lake, run.contracts, "another")
    assert told.find(items, "b2") is not None
    assert told.find(items, "b1") is None
