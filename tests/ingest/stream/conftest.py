"""A broker for the session, and a corner shop whose orders come by a topic of each test's own."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.governance.run import Run, open_run
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.mapping_model import Mapping
from shoplake.ingest.stream.consume import Consumer, wait
from shoplake.runtime.broker import Broker
from shoplake.runtime.kafka import kafka_options
from shoplake.runtime.settings import load

MAPPING = """
shop: corner
timezone: UTC
currency: EUR
files:
  - path: "*.jsonl"
    format: jsonl
    topic: {topic}
    columns: [no, line, who, item, units, price, at]
    entities:
      orders:
        columns:
          order_id: no
          line_id: line
          person_id: who
          product_id: item
          quantity: units
          unit_price: price
          kind: {{const: sale}}
          line_kind: {{const: product}}
          ordered_at: {{column: at, timestamp: ["yyyy-MM-dd HH:mm:ss"]}}
"""
_topics = (f"corner.{i}" for i in itertools.count())


class Corner:
    """The shop, its topic and its lake."""

    def __init__(self, spark: SparkSession, folder: Path, broker: Broker) -> None:
        self.spark, self.folder = spark, folder
        self.topic = next(_topics)
        path = folder / "corner.yml"
        path.write_text(MAPPING.format(topic=self.topic))
        self.mapping: Mapping = load_mapping(path)
        self.settings = dataclasses.replace(load("local"), lake=str(folder / "lake"))
        self.options = kafka_options(spark, self.settings, broker.servers)

    def send(self, *values: bytes | str | None) -> None:
        """Messages in this order, all in one partition."""
        rows = [(v.encode() if isinstance(v, str) else v,) for v in values]
        df = self.spark.createDataFrame(rows, "value binary").coalesce(1)
        df.selectExpr("value", "0 AS partition").write.format("kafka").options(
            **self.options, topic=self.topic
        ).save()

    def run(self) -> Run:
        """As another process would have."""
        return open_run("stream", self.spark, self.settings)

    def take(self, most: int = 1000) -> None:
        """Everything that is in the topic, as a newly started job does."""
        consumer = Consumer(self.run(), self.mapping, self.options)
        query = consumer.start(once=True, interval="1 second", most=most)
        try:
            assert wait(query, consumer, 180)  # on a busy machine
        finally:
            query.stop()

    def orders(self) -> list[str]:
        return sorted(r.order_id for r in self.run().lake.read("bronze.orders").collect())


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    broker = Broker(tmp_path_factory.mktemp("kafka"), partitions=2)
    yield broker
    broker.stop()


@pytest.fixture
def corner(spark: SparkSession, tmp_path: Path, broker: Broker) -> Corner:
    return Corner(spark, tmp_path, broker)


@pytest.fixture
def line() -> Callable[..., str]:
    """An order line as the shop sends it."""

    def make(no: int, who: str = "ann", **more: object) -> str:
        import json

        said = {"no": str(no), "line": "1", "who": who, "item": f"cup{no % 3}", "units": 1 + no % 4}
        when = f"2026-01-{1 + no % 5:02} 10:00:{no % 60:02}"
        return json.dumps({**said, "price": "3.50", "at": when, **more})

    return make
