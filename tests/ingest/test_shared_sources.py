"""Our mappings on the real data: counts taken from the files with plain Python and pandas."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.ingest.apply import to_bronze
from shoplake.ingest.mapping import Mapping, load_mapping
from shoplake.ingest.reader import list_files, read_files

SOURCES = Path(__file__).parents[2] / "conf" / "sources"


def bronze(spark: SparkSession, root: Path, only: str, entity: str) -> tuple[Mapping, DataFrame]:
    """The entity's rows of one file of the shop that `root` is named after."""
    mapping = load_mapping(SOURCES / f"{root.name}.yml")
    file = next(f for f in list_files(spark, mapping, root) if f.path == only)
    assert file.mapping is not None
    return mapping, to_bronze(read_files(spark, [file]), mapping, file.mapping, entity)


def count(rows: DataFrame, column: str) -> dict[str | None, int]:
    return {row[0]: row[1] for row in rows.groupBy(column).count().collect()}


def test_online_retail_tells_trade_from_corrections(spark: SparkSession, shared_data: Path) -> None:
    _, orders = bronze(spark, shared_data / "online_retail", "2010-12-01.csv.gz", "orders")
    orders = orders.persist()
    assert count(orders, "kind") == {"sale": 3072, "cancellation": 26, "adjustment": 10}
    assert count(orders, "line_kind") == {"product": 3099, "service": 9}
    assert orders.where("person_id LIKE '%.%'").isEmpty()
    orders.unpersist()


def test_google_store_times_are_when_the_view_was(spark: SparkSession, shared_data: Path) -> None:
    _, events = bronze(spark, shared_data / "google_store", "all_sessions.csv.gz", "events")
    first = events.where("_row = 1").collect()[0]
    # 1473757371 s and 122213 ms; 2990000 millionths of a dollar; a mangled visitor is no person.
    assert (first.occurred_at, first.price) == ("2016-09-13 09:04:53.213", "2.99")
    assert (first.person_id, first.session_id) == (None, "2.82E+18-1473757371")
    assert count(events, "kind") == {
        "impression": 14785,
        "view": 137,
        "click": 134,
        "cart": 68,
        "purchase": 9,
    }


@pytest.mark.slow
def test_dunnhumby_prices_are_by_piece(spark: SparkSession, shared_data: Path) -> None:
    folder = shared_data / "dunnhumby"
    _, orders = bronze(spark, folder, "transactions_sample.parquet", "orders")
    assert orders.where("quantity = '0'").count() == 416
    assert orders.where("unit_price IS NULL").count() == 416
    first = orders.where("_row = 1").collect()[0]
    assert (first.quantity, first.unit_price, first.ordered_at) == (
        "1",
        "3.86",
        "2017-01-28 19:06:53",
    )


@pytest.mark.parametrize(
    ("product", "name"),
    [("100179", "30° Galvanized"), ("124670", "Schlage Connect™ Camelot")],
)
def test_home_depot_titles_are_put_right(
    spark: SparkSession, shared_data: Path, product: str, name: str
) -> None:
    _, products = bronze(spark, shared_data / "home_depot", "judgements.csv.gz", "products")
    found = products.where(products.product_id == product).collect()
    assert [name in row.name for row in found] == [True]
