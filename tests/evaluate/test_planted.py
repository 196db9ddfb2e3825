"""What became of a planted record is read from the tables, copy by copy."""

from __future__ import annotations

import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.evaluate.planted import TABLES, planted_dirt
from shoplake.runtime.settings import conf_dir

TRUTH = "entity string, natural_id string, dirt string, outcome string"


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> pd.DataFrame:
    """Searches: s1 sent twice, s2 repaired, s3 held, s4 still dirty; s5 was never touched."""
    sent = [
        (f"s{n}", f"r{n}{copy}")
        for n, copies in enumerate("21111", 1)
        for copy in range(int(copies))
    ]
    contracts = load_contracts(conf_dir() / "contracts")
    silver = [("r10", "tea pot"), ("r20", "café"), ("r40", "&lt;b&gt;"), ("r50", "mug")]

    def read(name: str) -> DataFrame:
        if name == "bronze.searches":
            return spark.createDataFrame(sent, "search_id string, _row_id string")
        if name == "silver.searches":
            return spark.createDataFrame(silver, "row_id string, query string")
        return spark.createDataFrame([], schema(contracts[name]))

    truth = [
        ("searches", "s1", "repeat", "deduplicated"),
        ("searches", "s2", "mojibake", "repaired"),
        ("searches", "s3", "no query", "quarantined"),
        ("searches", "s4", "entities", "repaired"),
    ]
    held = {"silver.searches": spark.createDataFrame([("r30",)], "row_id string")}
    rows = planted_dirt(spark.createDataFrame(truth, TRUTH), read, held)
    return rows[rows["dirt"] == "(any)"].set_index("outcome")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outcome", "recall"), [("deduplicated", 1.0), ("quarantined", 1.0), ("repaired", 0.5)]
)
def test_recall_counts_records_that_met_their_outcome(
    found: pd.DataFrame, outcome: str, recall: float
) -> None:
    assert found.loc[outcome, "recall"] == recall


def test_every_table_that_is_read_is_named() -> None:
    assert {"bronze.searches", "silver.searches", "silver.sessions"} <= set(TABLES)
