"""The contracts that ship are valid and make tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import check_contracts, load_contracts
from shoplake.contracts.ddl import create_table, schema
from shoplake.runtime.settings import conf_dir


def test_no_problem_in_the_shipped_contracts() -> None:
    contracts, problems = check_contracts(conf_dir() / "contracts")
    assert problems == []
    assert "silver.orders" in contracts


def test_every_column_of_every_table_is_described() -> None:
    silent = [
        f"{c.table}.{column.name}"
        for c in load_contracts(conf_dir() / "contracts")
        if not c.table.startswith("bronze.")
        for column in c.columns
        if not column.description
    ]
    assert silent == []


@pytest.mark.slow
def test_ddl_makes_the_contracts_schema(spark: SparkSession, tmp_path: Path) -> None:
    contract = load_contracts(conf_dir() / "contracts")["silver.orders"]
    spark.sql(create_table(contract, f"delta.`{tmp_path}/orders`"))
    made = spark.read.format("delta").load(f"{tmp_path}/orders").schema
    assert [(f.name, f.dataType) for f in made] == [(f.name, f.dataType) for f in schema(contract)]
