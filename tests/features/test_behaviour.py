"""The data's own clock follows the tables; a state that was looked at is not looked at again."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from days import day
from pyspark.sql import SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.features import behaviour
from shoplake.features.behaviour import read_behaviour
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

if TYPE_CHECKING:
    from conftest import Silver


pytestmark = pytest.mark.slow


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path) -> Run:
    book = load_contracts(conf_dir() / "contracts")
    return Run("test", Lake(spark, load("local", lake=str(tmp_path))), book)


def bought(run: Run, silver: Silver, at: float) -> None:
    line = {"product_id": "s:A", "ordered_at": day(at), "order_date": day(at).date()}
    rows = silver("orders", {"order_line_id": f"line {at}", **line})
    rows.write.format("delta").mode("append").save(str(run.lake.folder("silver.orders")))


def test_a_new_version_moves_the_end(run: Run, silver: Silver) -> None:
    bought(run, silver, 1.5)
    assert read_behaviour(run).as_of == day(2)
    bought(run, silver, 7.5)
    assert (read_behaviour(run).first, read_behaviour(run).as_of) == (day(1.5), day(8))


def test_a_table_made_anew_is_another_one(run: Run, silver: Silver) -> None:
    bought(run, silver, 1.5)
    assert read_behaviour(run).as_of == day(2)
    shutil.rmtree(run.lake.folder("silver.orders"))
    bought(run, silver, 4.5)
    assert read_behaviour(run).as_of == day(5)


def test_a_known_state_costs_nothing(
    run: Run, silver: Silver, monkeypatch: pytest.MonkeyPatch
) -> None:
    bought(run, silver, 1.5)
    first = read_behaviour(run)
    monkeypatch.delattr(behaviour, "data_range")
    again = read_behaviour(run)
    assert (again.first, again.as_of) == (first.first, first.as_of)
