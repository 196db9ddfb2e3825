"""One Spark session a run, and the shared real data where it is present."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.runtime.session import get_spark

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    # Small data, many plans: compiling again what Delta asks for each table costs a tenth of the
    # tests' time (Spark keeps 100 classes).
    quick = {"spark.sql.codegen.cache.maxEntries": "2000"}
    session = get_spark("shoplake-tests", conf=quick)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; a test that asks for it skips where it is absent."""
    path = Path(os.environ.get("SHOPLAKE_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"real data not found at {path}; set SHOPLAKE_DATA to the folder that holds it")
    return path
