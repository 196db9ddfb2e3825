"""Tiny silver tables of every contract column: a test says what matters to it, in days."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from days import DAY_0, day
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from shoplake.contracts.book import load_contracts
from shoplake.contracts.ddl import schema
from shoplake.features.settings import LabelSettings, load_labels
from shoplake.runtime.settings import conf_dir

Silver = Callable[..., DataFrame]
View = Callable[..., DataFrame]

DEFAULTS: dict[str, dict[str, Any]] = {
    "silver.orders": {
        "order_line_id": "line {n}",
        "order_id": "s:order {n}",
        "person_key": "ann",
        "shop": "s",
        "kind": "sale",
        "line_kind": "product",
        "quantity": 1,
        "unit_price": Decimal(1),
        "currency": "GBP",
        "cancelled_quantity": 0,
        "net_quantity": 1,
        "amount": Decimal(1),
        "is_outlier": False,
        "ordered_at": DAY_0,
        "order_date": DAY_0.date(),
    },
    "silver.events": {
        "event_id": "event {n}",
        "person_key": "ann",
        "session_id": "session {n}",
        "shop": "s",
        "event_date": DAY_0.date(),
        "is_bot": False,
    },
    "silver.feedback": {
        "feedback_id": "feedback {n}",
        "request_id": "request",
        "person_key": "ann",
        "shop": "s",
    },
    "silver.products": {
        "valid_from": DAY_0,
        "is_current": True,
        "shop": "s",
        "name": "Thing",
        "kind": "product",
        "text": "thing",
    },
    "silver.people": {"shop": "s", "consent": True},
    "silver.searches": {"search_id": "search {n}", "shop": "s", "occurred_at": DAY_0},
    "silver.reviews": {"review_id": "review {n}", "shop": "s", "product_id": "s:A", "rating": 5},
    "silver.messages": {"message_id": "message {n}", "shop": "s"},
}

VIEW = (
    "person_key string, product_id string, kind string, platform string, basket string, "
    "unit_price decimal(18,4), amount decimal(18,4), at timestamp, taken_back_at timestamp"
)


def local_table(spark: SparkSession, rows: list[dict[str, Any]], types: StructType) -> DataFrame:
    """Rows within the plan itself: no Python worker is started to read them."""
    arrow = to_arrow_schema(types)
    return spark.createDataFrame(pa.Table.from_pylist(rows, schema=arrow), types)


@pytest.fixture(scope="session")
def schema_of(spark: SparkSession) -> Callable[[str], StructType]:
    """The Spark schema of a contract's table."""
    book = load_contracts(conf_dir() / "contracts")
    return lambda table: schema(book[table])


@pytest.fixture(scope="session")
def silver(spark: SparkSession, schema_of: Callable[[str], StructType]) -> Silver:
    """`silver("orders", {...}, {...})`: rows of a silver table, the rest by default or null."""

    def build(name: str, *rows: dict[str, Any]) -> DataFrame:
        table = schema_of(f"silver.{name}")
        filled = []
        for n, row in enumerate(rows):
            given = {**DEFAULTS[f"silver.{name}"], "row_id": f"row {n}", **row}
            filled.append({k: v.format(n=n) if isinstance(v, str) else v for k, v in given.items()})
        return local_table(spark, filled, table)

    return build


@pytest.fixture(scope="session")
def view(spark: SparkSession) -> View:
    """`view(("ann", "A", "click", 3), ...)`: interactions of shop s; a fifth value takes back."""

    def build(*rows: tuple[Any, ...]) -> DataFrame:
        filled = []
        for n, (person, product, kind, at, *back) in enumerate(rows):
            price = Decimal(2) if kind in ("purchase", "return") else None
            filled.append(
                {
                    "person_key": person,
                    "product_id": f"s:{product}",
                    "kind": kind,
                    "platform": "web",
                    "basket": f"basket {n}",
                    "unit_price": price,
                    "amount": price,
                    "at": day(at),
                    "taken_back_at": day(back[0]) if back else None,
                }
            )
        return local_table(spark, filled, StructType.fromDDL(VIEW))

    return build


@pytest.fixture(scope="session")
def labels() -> LabelSettings:
    return load_labels()
