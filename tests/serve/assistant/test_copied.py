"""Under a catalog the assistant sees what it would see in a lake of folders."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load
from shoplake.serve.assistant.copied import CopyReader
from shoplake.serve.assistant.lake import Reader, open_door

pytestmark = pytest.mark.slow

ANN, BOB = "a1" * 16, "b2" * 16
BOOK = load_contracts(conf_dir() / "contracts")
AT = datetime(2026, 2, 1, 12, tzinfo=UTC)
ORDER = {
    "product_id": "shop:MUG", "shop": "shop", "kind": "sale", "line_kind": "product",
    "quantity": 1, "unit_price": Decimal("4.50"), "currency": "GBP", "amount": Decimal("4.50"),
    "cancelled_quantity": 0, "net_quantity": 1, "is_outlier": False, "ordered_at": AT,
    "order_date": AT.date(),
}  # fmt: skip
MUG = {
    "product_id": "shop:MUG", "valid_from": AT, "is_current": True, "shop": "shop",
    "name": "Red Mug", "price": Decimal("4.50"), "currency": "GBP", "kind": "product",
    "text": "red mug", "row_id": "1",
}  # fmt: skip


def order(number: int, who: str) -> dict[str, object]:
    key = f"shop:{number}"
    return ORDER | {
        "order_line_id": f"{key}.1", "order_id": key, "person_key": who, "row_id": str(number),
    }  # fmt: skip


def put(lake: Lake, table: str, *rows: dict[str, object]) -> None:
    kinds = schema(BOOK[table])
    made = [tuple(row.get(f.name) for f in kinds) for row in rows]
    writer = lake.spark.createDataFrame(made, kinds).coalesce(1).write.format("delta")
    if lake.settings.catalog:
        writer.mode("append").saveAsTable(lake.identifier(table))
    else:
        writer.mode("append").save(str(lake.folder(table)))


@pytest.fixture
def lakes(spark: SparkSession, tmp_path: Path) -> Iterator[tuple[Lake, Lake]]:
    """The same tables in a lake of folders and in a catalog."""
    plain = dataclasses.replace(load("local"), lake=str(tmp_path / "plain"))
    listed = dataclasses.replace(
        plain, lake=str(tmp_path / "files"), catalog="spark_catalog", schema_prefix="asked_"
    )
    spark.sql(f"CREATE SCHEMA asked_silver LOCATION '{tmp_path}/listed'")
    both = Lake(spark, plain), Lake(spark, listed)
    try:
        for lake in both:
            put(lake, "silver.orders", order(1001, ANN), order(2002, BOB))
            put(lake, "silver.products", MUG)
        yield both
    finally:
        spark.sql("DROP SCHEMA asked_silver CASCADE")


def test_a_catalog_is_read_as_folders_are_and_as_it_was_when_a_batch_began(
    lakes: tuple[Lake, Lake],
) -> None:
    plain, listed = lakes
    reader = CopyReader(listed)
    first = reader.at_once()
    for subject in (ANN, BOB, None):
        door = open_door(first, subject)
        same = open_door(Reader(plain.settings), subject)
        assert door.tables == same.tables
        assert door.versions == same.versions
        assert door.orders() == same.orders()
    put(listed, "silver.orders", order(1003, ANN))
    assert [o.number for o in open_door(first, ANN).orders()] == ["1001"]
    later = open_door(reader.at_once(), ANN)
    assert sorted(o.number for o in later.orders()) == ["1001", "1003"]
    assert later.versions["silver.orders"] == listed.version("silver.orders")
