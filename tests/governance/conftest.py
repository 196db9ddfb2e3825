from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.contracts.model import Column, Contract, Rule
from shoplake.governance.run import Run
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

ITEMS = Contract(
    table="silver.items",
    version="1.0.0",
    description="Things on a shelf.",
    grain="one row per thing",
    columns=(
        Column("id", "string", True, 1),
        Column("price", "double"),
        Column("owner", "string", classification="personal"),
        Column("row_id", "string", True),
    ),
    rules=(
        Rule("id_not_null", "not_null", ("id",)),
        Rule("price_range", "range", ("price",), minimum="0", maximum="100"),
        Rule("owner_pattern", "pattern", ("owner",), pattern="[a-z]+"),
        Rule("price_high", "range", ("price",), "warn", maximum="50"),
        Rule("key_unique", "unique", ("id",)),
    ),
)


@pytest.fixture
def items() -> Contract:
    return ITEMS


@pytest.fixture
def run(spark: SparkSession, tmp_path: Path, items: Contract) -> Run:
    """A run on an empty lake that knows the governance tables and `silver.items`."""
    settings = dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))
    known = {c.table: c for c in load_contracts(conf_dir() / "contracts")}
    return Run("test", Lake(spark, settings), ContractBook({**known, items.table: items}))
