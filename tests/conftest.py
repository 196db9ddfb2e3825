"""One Spark session a run, and the shared real data where it is present."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.runtime.session import get_spark, interpret

ROOT = Path(__file__).resolve().parents[1]

# Spark's session is in UTC; so are the tests that run beside it in a process without Spark.
os.environ["TZ"] = "UTC"
time.tzset()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the Spark session runs in one process (`pytest -n 2 --dist loadgroup`)."""
    for item in items:
        if "spark" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("spark"))


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    session = get_spark("shoplake-tests", brief=True)
    interpret(session, True, {})
    yield session
    session.stop()


@pytest.fixture
def compiled(spark: SparkSession) -> Iterator[None]:
    """Plans are compiled, as they are for much data; elsewhere in the tests they are interpreted."""
    interpret(spark, False, {})
    yield
    interpret(spark, True, {})


@pytest.fixture(scope="session")
def new_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database as MLflow makes it: its 60 migrations take longer than most tests."""
    from mlflow.tracking import MlflowClient

    database = tmp_path_factory.mktemp("registry") / "mlflow.db"
    MlflowClient(f"sqlite:///{database}").search_experiments()
    return database


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; a test that asks for it skips where it is absent."""
    path = Path(os.environ.get("SHOPLAKE_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"real data not found at {path}; set SHOPLAKE_DATA to the folder that holds it")
    return path
