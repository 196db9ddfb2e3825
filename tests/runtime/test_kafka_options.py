"""Security settings pass through; secrets are named in the settings and read where they are."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from shoplake.errors import SettingsError
from shoplake.runtime.kafka import kafka_options
from shoplake.runtime.settings import KafkaSettings, Settings, load

NO_SPARK: Any = None
JAAS = 'PlainLoginModule required username="shop" password="${TEST_KAFKA_PASSWORD}";'


@pytest.fixture
def cluster() -> Settings:
    options = {"kafka.security.protocol": "SASL_SSL", "kafka.sasl.jaas.config": JAAS}
    return dataclasses.replace(load("databricks"), kafka=KafkaSettings("one:9093", options))


def test_a_secret_comes_from_the_environment(
    cluster: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_KAFKA_PASSWORD", "s3cret")
    assert kafka_options(NO_SPARK, cluster, "two:9093") == {
        "kafka.bootstrap.servers": "two:9093",
        "kafka.isolation.level": "read_committed",
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.jaas.config": 'PlainLoginModule required username="shop" password="s3cret";',
    }


def test_a_missing_secret_is_named_and_nothing_else_told(cluster: Settings) -> None:
    with pytest.raises(SettingsError) as told:
        kafka_options(NO_SPARK, cluster)
    assert "${TEST_KAFKA_PASSWORD} has no value" in str(told.value)
    assert "username" not in str(told.value)


def test_no_servers_is_an_error_with_a_remedy() -> None:
    with pytest.raises(SettingsError, match="make kafka"):
        kafka_options(NO_SPARK, load("databricks"))
