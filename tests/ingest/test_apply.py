from __future__ import annotations

import json
from pathlib import Path

from lamps import column, lamps
from pyspark.sql import DataFrame, Row, SparkSession

from shoplake.ingest.apply import count_rows, to_bronze, unrouted
from shoplake.ingest.entities import ENTITIES, META
from shoplake.ingest.expressions import column_expression, timestamp
from shoplake.ingest.mapping import ColumnMapping, Mapping
from shoplake.ingest.reader import RECORDS

SALE = {"No": "1", "Item": "red", "Qty": "2", "Price": "9.99", "At": "2024-01-01 10:00"}


def bronze(
    spark: SparkSession, mapping: Mapping, *records: dict[str, str | None], entity: str = "orders"
) -> list[Row]:
    frame = raw(spark, mapping, *records)
    return to_bronze(frame, mapping, mapping.files[0], entity).orderBy("_file", "_row").collect()


def raw(spark: SparkSession, mapping: Mapping, *records: dict[str, str | None]) -> DataFrame:
    entry = mapping.files[0].path
    rows = [
        ("record", entry, "f.csv", "sha", i, json.dumps({**SALE, **record}), None)
        for i, record in enumerate(records, start=1)
    ]
    others = [
        ("record", entry, "f.csv", "sha", 99, '{"_line": "1,2"}', "ragged"),
        ("record", "another.csv", "g.csv", "sha", 1, json.dumps(SALE), None),
        ("file", entry, "f.csv", "sha", len(records), None, None),
    ]
    return spark.createDataFrame(rows + others, RECORDS)


def understood(spark: SparkSession, tmp_path: Path, how: str, values: list[str | None]) -> list:  # type: ignore[type-arg]
    """What `how` makes of each value of the raw column At."""
    mapping = lamps(tmp_path, column(how))
    rows = bronze(spark, mapping, *({"At": value} for value in values))
    return [row.product_name for row in rows]


def test_a_row_has_the_tables_columns_and_where_it_comes_from(
    spark: SparkSession, tmp_path: Path
) -> None:
    [row] = bronze(spark, lamps(tmp_path), {})
    assert tuple(row.asDict()) == (*ENTITIES["orders"].columns, *META)
    assert {k: v for k, v in row.asDict().items() if v is not None and k != "_row_id"} == {
        "order_id": "1",
        "product_id": "red",
        "quantity": "2",
        "unit_price": "9.99",
        "currency": "GBP",
        "kind": "sale",
        "line_kind": "product",
        "ordered_at": "2024-01-01 10:00:00",
        "_source": "lamps",
        "_file": "f.csv",
        "_row": 1,
        "_raw": json.dumps(SALE),
    }
    assert len(row["_row_id"]) == 32


def test_a_row_id_is_told_by_shop_file_bytes_row_and_entity(
    spark: SparkSession, tmp_path: Path
) -> None:
    first, second = bronze(spark, lamps(tmp_path), {}, {})
    assert first["_row_id"] != second["_row_id"]
    assert bronze(spark, lamps(tmp_path), {})[0]["_row_id"] == first["_row_id"]


TIMES = [
    ("yyyy-MM-dd HH:mm", "2024-01-01 10:00", "2024-01-01 10:00:00"),
    ("yyyy-MM-dd HH:mm", "2024-07-01 10:00", "2024-07-01 09:00:00"),
    ("yyyy-MM-dd HH:mm", "2024-03-31 01:30", "2024-03-31 01:30:00"),  # skipped by the clock
    ("yyyy-MM-dd HH:mm", "2024-10-27 01:30", "2024-10-27 00:30:00"),  # shown twice by it
    ("yyyy-MM-dd HH:mm:ss[.SSS]", "2024-01-01 10:00:00.250", "2024-01-01 10:00:00.250"),
    ("yyyy-MM-dd'T'HH:mm:ssXXX", "2024-07-01T10:00:00+02:00", "2024-07-01 08:00:00"),
    ("dd/MM/yyyy", "31/12/2023", "2023-12-31 00:00:00"),
    ("d MMM yyyy", "1 Jul 2024", "2024-06-30 23:00:00"),
    ("epoch_seconds", "1473757371", "2016-09-13 09:02:51"),
    ("epoch_seconds", "1473757371.2500000000", "2016-09-13 09:02:51.250"),
    ("epoch_millis", "1473757371250", "2016-09-13 09:02:51.250"),
    ("yyyy-MM-dd HH:mm", " 2024-01-01 10:00 ", "2024-01-01 10:00:00"),
    ("yyyy-MM-dd HH:mm", "2024-02-30 10:00", "2024-02-30 10:00"),
    ("yyyy-MM-dd HH:mm", "soon", "soon"),
    ("epoch_seconds", "1.47E9", "1.47E9"),
    ("epoch_seconds", "9" * 30, "9" * 30),
]


def test_times_become_utc_or_stay_as_sent(spark: SparkSession) -> None:
    names = [f"t{i}" for i in range(len(TIMES))]
    sent = spark.createDataFrame([tuple(value for _, value, _ in TIMES)], names)
    read = [
        timestamp(sent[name], (pattern,), "Europe/London")
        for name, (pattern, _, _) in zip(names, TIMES, strict=True)
    ]
    assert list(sent.select(*read).collect()[0]) == [utc for _, _, utc in TIMES]


def test_patterns_are_tried_in_order(spark: SparkSession, tmp_path: Path) -> None:
    how = "{ column: At, timestamp: [dd/MM/yyyy, MM/dd/yyyy, epoch_seconds], zone: Asia/Tokyo }"
    found = understood(spark, tmp_path, how, ["01/02/2024", "12/31/2024", "86400"])
    assert found == ["2024-01-31 15:00:00", "2024-12-30 15:00:00", "1970-01-02 00:00:00"]


def test_scale_is_exact(spark: SparkSession, tmp_path: Path) -> None:
    values = ["2990000", "1", "0", "123456789012345678", "-5.5", "1e5", "x", None]
    assert understood(spark, tmp_path, "{ column: At, scale: 0.000001 }", values) == [
        "2.99",
        "0.000001",
        "0",
        "123456789012.345678",
        "-0.0000055",
        "1e5",
        "x",
        None,
    ]


def test_an_id_that_went_through_a_float_column(spark: SparkSession, tmp_path: Path) -> None:
    found = understood(
        spark, tmp_path, "{ column: At, float_id: true }", ["17850.0", "17850", "2.82E+18", "a.0"]
    )
    assert found == ["17850", "17850", "2.82E+18", "a.0"]


def test_values_and_default(spark: SparkSession) -> None:
    web = {"W": "web"}
    cases = [
        (ColumnMapping("a", column="v", values={**web, "S": None}), ["web", None, "x", None]),
        (
            ColumnMapping("b", column="v", values=web, default="store", keeps_unlisted=False),
            ["web", "store", "store", "store"],
        ),
        (ColumnMapping("c", column="v", values=web, keeps_unlisted=False), ["web", *[None] * 3]),
        (ColumnMapping("d", column="v", default="no", keeps_unlisted=False), ["W", "S", "x", "no"]),
    ]
    sent = spark.createDataFrame([(v,) for v in ("W", "S", "x", None)], "v string").coalesce(1)
    found = sent.select(*(column_expression(how, "UTC") for how, _ in cases)).collect()
    assert [[row[how.name] for row in found] for how, _ in cases] == [said for _, said in cases]


def test_null_markers_are_null_everywhere(spark: SparkSession, tmp_path: Path) -> None:
    mapping = lamps(
        tmp_path,
        ("currency: GBP", 'currency: GBP\nnull_markers: ["", "(not set)"]'),
        column("{ sql: \"coalesce(At, 'none')\" }"),
    )
    found = bronze(spark, mapping, {"At": "(not set)"}, {"At": " "}, {"At": " x "})
    assert [row.product_name for row in found] == ["none", "none", " x "]


def test_a_bad_value_never_fails_the_job(spark: SparkSession, tmp_path: Path) -> None:
    values = ["", "x", "-", "9" * 60, "1e999", "\x00", "{", "2024-13-45 99:99"]
    how = "{ sql: \"CASE WHEN TRY_CAST(Qty AS INT) < 0 THEN 'back' ELSE 'out' END\" }"
    rows = bronze(spark, lamps(tmp_path, column(how)), *(dict.fromkeys(SALE, v) for v in values))
    assert [row.unit_price for row in rows] == [None, *values[1:]]
    assert [row.ordered_at for row in rows] == [None, *values[1:]]


def test_any_column_name_can_be_mapped(spark: SparkSession, tmp_path: Path) -> None:
    mapping = lamps(tmp_path, ("At]", '"a.b `c`", file, At]'), column("a.b `c`"))
    assert bronze(spark, mapping, {"a.b `c`": "found"})[0].product_name == "found"


PRODUCTS = """\
      products:
        distinct: true
        where: Price IS NOT NULL
        columns:
          product_id: Item
          name: { sql: "upper(Item)" }
          updated_at: { column: At, timestamp: ["yyyy-MM-dd HH:mm"] }
"""


def test_equal_statements_of_a_file_collapse_to_the_first(
    spark: SparkSession, tmp_path: Path
) -> None:
    mapping = lamps(tmp_path, ("    entities:\n", "    entities:\n" + PRODUCTS))
    sent = (
        {"Item": "blue", "At": "2024-01-01 11:00"},
        {"Item": "red", "At": "2024-01-01 12:00"},
        {"Item": "blue", "At": "2024-01-01 10:00"},
        {"Item": "green", "Price": ""},
    )
    rows = bronze(spark, mapping, *sent, entity="products")
    assert [(r.product_id, r.mentions, r["_row"], r.updated_at) for r in rows] == [
        ("blue", "2", 1, "2024-01-01 11:00:00"),
        ("red", "1", 2, "2024-01-01 12:00:00"),
    ]
    assert json.loads(rows[0]["_raw"])["At"] == "2024-01-01 11:00"


def test_every_record_is_accounted_for(spark: SparkSession, tmp_path: Path) -> None:
    mapping = lamps(tmp_path, ("    entities:\n", "    entities:\n" + PRODUCTS))
    frame = raw(spark, mapping, {}, {}, {"Price": ""}, {"Item": "blue"})
    file = mapping.files[0]
    counts = {e: count_rows(frame, mapping, file, e).collect() for e in ("orders", "products")}
    assert [r.asDict() for r in counts["orders"]] == [
        {"file": "f.csv", "entity": "orders", "routed": 4, "rows": 4}
    ]
    assert [r.asDict() for r in counts["products"]] == [
        {"file": "f.csv", "entity": "products", "routed": 3, "rows": 2}
    ]


def test_records_that_no_entity_takes_are_found(spark: SparkSession, tmp_path: Path) -> None:
    where = ("      orders:\n", "      orders:\n        where: Qty = '2'\n")
    mapping = lamps(tmp_path, where)
    frame = raw(spark, mapping, {}, {"Qty": "3"}, {"Qty": ""})
    assert [r.row for r in unrouted(frame, mapping, mapping.files[0]).orderBy("row").collect()] == [
        2,
        3,
    ]
