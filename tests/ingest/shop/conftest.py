"""A tiny shop, simulated once for the tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from shop_files import LAST_DAY

from shoplake.ingest.shop import ShopConfig, load_shop_config, simulate
from shoplake.ingest.shop.simulate import Summary


@pytest.fixture(scope="session")
def tiny() -> ShopConfig:
    """Sixty people in three parts who visit often."""
    return load_shop_config(people=60, people_per_file=20, products=120, visits_per_day=0.4)


@pytest.fixture(scope="session")
def simulated(
    spark: SparkSession, tiny: ShopConfig, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Summary]:
    """(folder, summary) of the tiny shop's first two weeks."""
    out = tmp_path_factory.mktemp("shop")
    return out, simulate(spark, tiny, out, 0, LAST_DAY)
