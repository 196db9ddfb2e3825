from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from shoplake.serve.instant import instant


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("zone", [None, UTC])
def test_the_zone_of_the_process_does_not_matter(
    spark: SparkSession, in_tokyo: None, zone: object
) -> None:
    moment = datetime(2024, 5, 20, tzinfo=zone)  # type: ignore[arg-type]
    row = spark.range(1).select(F.unix_seconds(instant(moment))).first()
    assert row is not None
    assert row[0] == datetime(2024, 5, 20, tzinfo=UTC).timestamp()
