"""A corner shop whose order lines come by file or by topic, for benches of faults."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Mapping as Dictionary
from pathlib import Path

from pyspark.sql import SparkSession

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


def mapping_file(folder: Path, topic: str) -> Path:
    """The shop's mapping with a topic of its own, in a file of that folder."""
    path = folder / f"{topic}.yml"
    path.write_text(MAPPING.format(topic=topic))
    return path


def order_line(no: int, who: str = "ann", **more: object) -> str:
    """An order line as the shop sends it."""
    said = {"no": str(no), "line": "1", "who": who, "item": f"cup{no % 3}", "units": 1 + no % 4}
    when = f"2026-01-{1 + no % 28:02} 10:{no // 60 % 60:02}:{no % 60:02}"
    return json.dumps({**said, "price": "3.50", "at": when, **more})


def send(
    spark: SparkSession,
    options: Dictionary[str, str],
    topic: str,
    values: Iterable[bytes | str | None],
) -> None:
    """Messages in this order, all in partition 0."""
    rows = [(v.encode() if isinstance(v, str) else v,) for v in values]
    df = spark.createDataFrame(rows, "value binary").coalesce(1)
    df = df.selectExpr("value", "0 AS partition")
    df.write.format("kafka").options(**options, topic=topic).save()
