"""A lake of two people whose data carries canaries, written without Spark under the contracts."""

from __future__ import annotations

import dataclasses
import functools
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.runtime.settings import Settings, conf_dir, load

ANN, BOB = "a1" * 16, "b2" * 16
NOW = datetime(2026, 3, 1, tzinfo=UTC)
#: What is in nobody else's rows: order numbers, amounts, days, what is recommended.
CANARIES = {
    ANN: ("AC-40177", "7731.13", "2026-01-17", "Heron Tapestry", ANN),
    BOB: ("BC-59288", "8842.24", "2026-02-18", "Falcon Cushion", BOB),
}
PRODUCTS = [
    ("shop:MUG", "Red Mug", "A mug of stoneware, dishwasher safe.", "4.50", 12),
    ("shop:VASE", "Glass Vase", "Blown glass, 30 cm high.", "19.00", 0),
    ("shop:LAMP", "Copper Desk Lamp", None, "45.00", None),
]


@functools.cache
def book() -> ContractBook:
    return load_contracts(conf_dir() / "contracts")


def order(person: str, number: str, amount: str, day: str, **more: Any) -> dict[str, Any]:
    """A line of `silver.orders`."""
    at = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    line = {
        "order_line_id": f"shop:{number}.1", "order_id": f"shop:{number}", "person_key": person,
        "product_id": "shop:MUG", "shop": "shop", "kind": "sale", "line_kind": "product",
        "quantity": 2, "unit_price": Decimal(amount) / 2, "currency": "GBP",
        "amount": Decimal(amount), "cancelled_quantity": 0, "net_quantity": 2,
        "is_outlier": False, "ordered_at": at, "order_date": at.date(), "row_id": number,
    }  # fmt: skip
    return line | more


def recommendation(person: str, rank: int, product_id: str, name: str) -> dict[str, Any]:
    """A row of `gold.recommendations`."""
    return {
        "person_key": person, "as_of": NOW, "rank": rank, "product_id": product_id,
        "product_name": name, "score": 1.0, "reason": "bought before", "model_name": "m",
        "model_version": "1", "is_fallback": False,
    }  # fmt: skip


def product(product_id: str, name: str, about: str | None, price: str, stock: int | None) -> dict:
    """A row of `silver.products`."""
    return {
        "product_id": product_id, "valid_from": NOW, "is_current": True, "shop": "shop",
        "name": name, "description": about, "category": "home", "price": Decimal(price),
        "currency": "GBP", "stock": stock, "kind": "product", "text": name, "row_id": product_id,
    }  # fmt: skip


def tables() -> dict[str, list[dict[str, Any]]]:
    """Rows of the lake: an old order without a canary and a new one with, for each person."""
    found: dict[str, list[dict[str, Any]]] = {
        "silver.products": [product(*p) for p in PRODUCTS],
        "silver.orders": [],
        "silver.people": [],
        "gold.recommendations": [],
    }
    for person, (number, amount, day, name, _) in CANARIES.items():
        found["silver.orders"] += [
            order(person, f"{number[0]}-100", "9.00", "2026-01-02"),
            order(person, number, amount, day),
        ]
        found["silver.people"].append({"person_key": person, "shop": "shop", "row_id": number})
        found["gold.recommendations"].append(recommendation(person, 1, f"shop:{number}", name))
    return found


def write_lake(folder: Path) -> Settings:
    """The lake's settings."""
    settings = dataclasses.replace(load("local"), lake=str(folder / "lake"))
    for table, rows in tables().items():
        write(settings, table, rows)
    return settings


def write(settings: Settings, table: str, rows: list[dict[str, Any]]) -> None:
    columns = book()[table].columns
    schema = pa.schema([pa.field(c.name, _arrow(c.type)) for c in columns])
    layer, name = table.split(".")
    made = pa.Table.from_pylist(rows, schema=schema)
    write_deltalake(str(settings.root / layer / name), made, mode="overwrite")


def _arrow(kind: str) -> pa.DataType:
    if kind.startswith("decimal"):
        return pa.decimal128(*map(int, kind[8:-1].split(",")))
    if kind.startswith("array<"):
        return pa.list_(_arrow(kind[6:-1]))
    names = {
        "string": pa.string(), "boolean": pa.bool_(), "int": pa.int32(), "bigint": pa.int64(),
        "double": pa.float64(), "date": pa.date32(), "timestamp": pa.timestamp("us", "UTC"),
    }  # fmt: skip
    return names[kind]
