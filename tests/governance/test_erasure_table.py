"""A person out of Delta tables and a stream's state, down to the last byte."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Column, Contract
from shoplake.governance.erasure import purge as purging
from shoplake.governance.erasure.files import Searcher
from shoplake.governance.erasure.order import Subject
from shoplake.governance.erasure.purge import purge_table
from shoplake.governance.erasure.rows import mask_mentions, remove_rows
from shoplake.governance.erasure.state import is_state, without
from shoplake.governance.erasure.values import Value
from shoplake.governance.erasure.verify import search
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import load

KEY = "5eb63bbbe01eeed093cb22bb8f5acdc3"
MAIL = "zoe.brandt@example.org"
ZOE = Subject((("corner", "17850"),), (KEY,), (Value("email", MAIL), Value("id", "17850")))
TABLE = "silver.notes"
CONTRACT = Contract(
    table=TABLE,
    version="1.0.0",
    description="",
    grain="",
    columns=(
        Column("note_id", "string", True, 1),
        Column("person_key", "string", classification="pseudonym"),
        Column("note", "string", classification="personal"),
        Column("tags", "array<string>"),
    ),
    rules=(),
)
ROWS = [
    ("n1", KEY, "mine", ["a"]),
    ("n2", "0" * 32, f"to {MAIL}", [f"cc {MAIL}", "b"]),
    ("n3", "1" * 32, "nothing", None),
    ("n4", None, None, []),
]


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path) -> Lake:
    return Lake(spark, dataclasses.replace(load("local"), lake=str(tmp_path / "lake")))


def fill(lake: Lake, **properties: str) -> None:
    """The rows in two commits, a third that changes one, and a literal in the log."""
    said = ", ".join(f"'delta.{k}' = '{v}'" for k, v in properties.items())
    lake.spark.sql(
        f"CREATE TABLE {lake.identifier(TABLE)} (note_id STRING, person_key STRING, note STRING,"
        f" tags ARRAY<STRING>) USING delta" + (f" TBLPROPERTIES ({said})" if said else "")
    )
    for rows in (ROWS[:2], ROWS[2:]):
        frame = lake.spark.createDataFrame(rows, lake.read(TABLE).schema).coalesce(1)
        frame.write.format("delta").mode("append").save(str(lake.folder(TABLE)))
    name = lake.identifier(TABLE)
    lake.spark.sql(f"UPDATE {name} SET note = 'from {MAIL}' WHERE note = 'to {MAIL}'")


def left(lake: Lake) -> set[str]:
    return {p.where for p in search([lake.settings.root], ZOE.searched).places}


def erase(lake: Lake) -> tuple[int, int]:
    removed = remove_rows(lake, TABLE, CONTRACT, ZOE, None)
    masked = mask_mentions(lake, TABLE, ZOE, ["note", "tags"])
    purge_table(lake, TABLE, Searcher(ZOE).in_file)
    return removed, masked


PROPERTIES = {
    "enableChangeDataFeed": "true",
    "enableDeletionVectors": "true",
    "checkpointPolicy": "v2",
    "checkpointInterval": "2",
}


@pytest.mark.slow
def test_nothing_is_left_and_a_second_erasure_changes_nothing(lake: Lake) -> None:
    fill(lake, **PROPERTIES)
    assert left(lake)
    assert erase(lake) == (1, 2)
    assert left(lake) == set()
    assert sorted(tuple(r) for r in lake.read(TABLE).collect()) == [
        ("n2", "0" * 32, "from ***", ["cc ***", "b"]),
        ("n3", "1" * 32, "nothing", None),
        ("n4", None, None, []),
    ]
    version = lake.version(TABLE)
    assert erase(lake) == (0, 0)
    assert lake.version(TABLE) == version
    frame = lake.spark.createDataFrame([("n5", None, "new", None)], lake.read(TABLE).schema)
    frame.write.format("delta").mode("append").save(str(lake.folder(TABLE)))
    assert lake.read(TABLE).count() == 4


def test_what_another_writer_adds_while_the_log_is_swept_stays(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(lake)
    once = purging._newest

    def late(log: Path) -> int:
        found = once(log)
        lake.read(TABLE).limit(1).write.format("delta").mode("append").save(str(lake.folder(TABLE)))
        return found

    before = lake.read(TABLE).count()
    monkeypatch.setattr(purging, "_newest", late)
    purge_table(lake, TABLE, lambda _: False)
    assert lake.read(TABLE).count() == before + 1


def test_rows_are_found_by_the_shops_id_as_the_shop_writes_it(lake: Lake) -> None:
    rows = [("corner", "17850.0"), ("corner", " 17850 "), ("other", "17850"), ("corner", "1785")]
    columns = ("_source", "person_id")
    sent = pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows])
    write_deltalake(str(lake.folder("bronze.orders")), sent)
    assert remove_rows(lake, "bronze.orders", CONTRACT, ZOE, None) == 2
    kept = {tuple(r) for r in lake.read("bronze.orders").collect()}
    assert kept == {("other", "17850"), ("corner", "1785")}


@pytest.mark.slow
def test_held_rows_go_by_their_record_and_by_the_bronze_row_they_came_from(lake: Lake) -> None:
    rows = [
        ("r1", '{"person_key": "***"}', []),
        ("r2", f'{{"person_key": "{KEY}"}}', []),
        ("r3", '{"person_key": "***"}', [("rule", "c", KEY)]),
        ("r4", '{"person_key": "***"}', []),
    ]
    kind = "row_id string, record string, reasons array<struct<rule:string,column:string,value:string>>"
    held = "governance.quarantine_silver_notes"
    lake.spark.createDataFrame(rows, kind).write.format("delta").save(str(lake.folder(held)))
    theirs = lake.spark.createDataFrame([("r1",)], "row_id string")
    assert remove_rows(lake, held, CONTRACT, ZOE, theirs) == 3
    assert [r.row_id for r in lake.read(held).collect()] == ["r4"]


def test_a_table_without_a_contract_is_looked_through_in_all_its_strings(lake: Lake) -> None:
    rows = pa.table({"a": ["x", "y"], "someone": [KEY, "0" * 32]})
    write_deltalake(str(lake.folder("gold.mine")), rows)
    assert ContractBook({}).get("gold.mine") is None
    assert remove_rows(lake, "gold.mine", None, ZOE, None) == 1


@pytest.mark.slow
def test_a_streams_state_goes_on_without_the_person(lake: Lake, tmp_path: Path) -> None:
    spark, root = lake.spark, lake.settings.root
    inbox, checkpoint = tmp_path / "inbox", root / "checkpoints" / "per_person"
    inbox.mkdir()

    def go_on(*lines: str) -> dict[str, int]:
        name = f"{len(list(inbox.iterdir()))}.json"
        (inbox / name).write_text("".join(f'{{"k": "{who}"}}\n' for who in lines))
        counts = spark.readStream.schema("k string").json(str(inbox)).groupBy("k").count()
        query = (
            counts.writeStream.format("delta")
            .outputMode("complete")
            .option("checkpointLocation", str(checkpoint))
            .trigger(availableNow=True)
            .start(str(lake.folder("gold.counts")))
        )
        query.awaitTermination()
        return {r["k"]: r["count"] for r in lake.read("gold.counts").collect()}

    go_on(KEY, MAIL, "ann", "178501")
    known = {KEY: 2, MAIL: 1, "ann": 2, "bob": 1, "17850": 1, "178501": 1}
    assert go_on("ann", "bob", KEY, "17850") == known
    states = [p for p in checkpoint.rglob("*") if is_state(p)]
    assert any("unpacked" in where for where in left(lake))
    dropped = 0
    for path in states:
        content, n = without(lake, path.read_bytes(), Searcher(ZOE).in_state)
        path.write_bytes(content)
        path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
        dropped += n
    remove_rows(lake, "gold.counts", None, ZOE, None)
    mask_mentions(lake, "gold.counts", ZOE)
    purge_table(lake, "gold.counts", Searcher(ZOE).in_file)
    assert dropped >= 4
    assert left(lake) == set()
    assert go_on("ann", "zed") == {"ann": 3, "bob": 1, "zed": 1, "178501": 1}
