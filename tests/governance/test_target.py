"""A transaction is appended once, whoever writes it and whoever wrote it before."""

from __future__ import annotations

import dataclasses
import json

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.ddl import schema
from shoplake.contracts.model import Contract
from shoplake.governance.ledger import ensure
from shoplake.governance.run import Run
from shoplake.governance.target import Target

APP = "stream of a shop"


@pytest.fixture
def kept(run: Run, items: Contract) -> Contract:
    contract = dataclasses.replace(items, append_only=True)
    ensure(run.lake, contract)
    return contract


def one(spark: SparkSession, contract: Contract, name: str, price: float = 1.0) -> DataFrame:
    return spark.createDataFrame([(name, price, "ann", f"r{name}")], schema(contract))


@pytest.mark.parametrize("first", [True, False], ids=["few", "many"])
@pytest.mark.parametrize("then", [True, False], ids=["few", "many"])
def test_a_transaction_is_appended_once(
    run: Run, kept: Contract, spark: SparkSession, first: bool, then: bool
) -> None:
    wrote = [
        Target(run.lake, kept, (APP, version), few).add(one(spark, kept, name))
        for version, few, name in ((0, first, "a"), (0, then, "again"), (1, then, "b"))
    ]
    assert wrote == [True, False, True]
    assert sorted(r.id for r in run.lake.read(kept.table).collect()) == ["a", "b"]


def test_few_rows_are_refused_by_the_table_like_many(
    run: Run, kept: Contract, spark: SparkSession
) -> None:
    with pytest.raises(Exception, match="price_range"):
        Target(run.lake, kept, (APP, 0), few=True).add(one(spark, kept, "a", -1.0))
    assert run.lake.read(kept.table).isEmpty()


def test_statistics_of_few_rows_tell_nothing_of_a_person(
    run: Run, kept: Contract, spark: SparkSession
) -> None:
    Target(run.lake, kept, (APP, 0), few=True).add(one(spark, kept, "a"))
    log = run.lake.folder(kept.table) / "_delta_log" / f"{1:020d}.json"
    added = next(a["add"] for a in map(json.loads, log.open()) if "add" in a)
    told = json.loads(added["stats"])["minValues"]
    assert "owner" not in told
    assert told["price"] == 1.0
