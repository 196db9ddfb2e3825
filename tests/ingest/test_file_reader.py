from __future__ import annotations

import csv
import gzip
import hashlib
import json
from pathlib import Path

import pytest
from lamps import lamps
from pyspark.sql import Row, SparkSession

from shoplake.errors import SourceError
from shoplake.ingest.apply import bad_records, file_reports
from shoplake.ingest.mapping import Mapping
from shoplake.ingest.reader import list_files, read_files

HEADER = "No,Item,Qty,Price,At\n"
LINE = "1,red lamp,2,9.99,2024-01-01 10:00\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def read(spark: SparkSession, mapping: Mapping, data: Path) -> list[Row]:
    return read_files(spark, list_files(spark, mapping, data)).collect()


def test_files_are_listed_with_the_entry_that_claims_them(
    spark: SparkSession, tmp_path: Path, data: Path
) -> None:
    (data / "orders1.csv").write_text(HEADER)
    (data / "notes.txt").write_text("x")
    (data / "_orders2.csv").write_text("still being written")
    files = list_files(spark, lamps(tmp_path), data)
    assert [(f.path, f.length, f.mapping is not None) for f in files] == [
        ("notes.txt", 1, False),
        ("orders1.csv", len(HEADER), True),
    ]


def test_ignored_files_are_not_listed(spark: SparkSession, tmp_path: Path, data: Path) -> None:
    (data / "orders1.csv").write_text(HEADER)
    (data / "notes.txt").write_text("x")
    mapping = lamps(tmp_path, ("files:\n", 'ignore: ["*.txt"]\nfiles:\n'))
    assert [f.path for f in list_files(spark, mapping, data)] == ["orders1.csv"]


def test_a_missing_folder_is_told(spark: SparkSession, tmp_path: Path, data: Path) -> None:
    with pytest.raises(SourceError, match="the data folder of shop lamps does not exist"):
        list_files(spark, lamps(tmp_path), data / "gone")


def test_an_entry_without_a_file_is_told(spark: SparkSession, tmp_path: Path, data: Path) -> None:
    with pytest.raises(SourceError, match=r"no file matches 'orders\*.csv' \(line 5\)"):
        list_files(spark, lamps(tmp_path), data)


def test_an_optional_entry_may_have_no_file(
    spark: SparkSession, tmp_path: Path, data: Path
) -> None:
    mapping = lamps(tmp_path, ("format: csv", "format: csv\n    optional: true"))
    assert read(spark, mapping, data) == []


def test_a_file_of_two_entries_is_told(spark: SparkSession, tmp_path: Path, data: Path) -> None:
    (data / "orders1.csv").write_text(HEADER)
    text = (tmp_path / "lamps.yml", lamps(tmp_path))[0].read_text()
    entry = text[text.index("  - path") :].replace("orders*.csv", "*.csv")
    mapping = lamps(tmp_path, ("files:\n", "files:\n" + entry))
    with pytest.raises(SourceError, match=r"two entries .* claim 'orders1.csv'"):
        list_files(spark, mapping, data)


def test_any_file_name_is_read(spark: SparkSession, tmp_path: Path, data: Path) -> None:
    names = {"orders 1.csv", "orders%20.csv", "orders[1]{a}.csv", "ordersé灯.csv", "orders#?.csv"}
    for name in names:
        (data / name).write_text(HEADER + LINE)
    rows = read(spark, lamps(tmp_path), data)
    assert {(r.kind, r.file, r.row) for r in rows} == {
        (kind, name, 1) for kind in ("record", "file") for name in names
    }


def test_day_folders_keep_their_names(spark: SparkSession, tmp_path: Path, data: Path) -> None:
    mapping = lamps(tmp_path, ('"orders*.csv"', '"day=*/**/orders.csv"'))
    for folder in ("day=1", "day=2/late"):
        (data / folder).mkdir(parents=True)
        (data / folder / "orders.csv").write_text(HEADER + LINE)
    files = {r.file for r in read(spark, mapping, data)}
    assert files == {"day=1/orders.csv", "day=2/late/orders.csv"}


def test_a_record_is_text_exactly_as_sent(spark: SparkSession, tmp_path: Path, data: Path) -> None:
    content = (HEADER + LINE).encode()
    (data / "orders1.csv").write_bytes(content)
    record = read(spark, lamps(tmp_path), data)[0]
    assert record.asDict() == {
        "kind": "record",
        "entry": "orders*.csv",
        "file": "orders1.csv",
        "file_sha": hashlib.sha256(content).hexdigest(),
        "row": 1,
        "record": '{"No": "1", "Item": "red lamp", "Qty": "2", "Price": "9.99",'
        ' "At": "2024-01-01 10:00"}',
        "problem": None,
    }


def test_a_file_with_a_problem_gives_no_record_and_the_others_go_on(
    spark: SparkSession, tmp_path: Path, data: Path
) -> None:
    (data / "orders1.csv").write_text(HEADER + LINE * 2)
    (data / "orders2.csv").write_bytes(gzip.compress((HEADER + LINE * 999).encode())[:-9])
    (data / "orders3.csv").write_bytes((HEADER + LINE).encode() + b"\xff")
    (data / "orders4.csv").write_text("No,Item,Price,At\n1,2,3,4\n")
    (data / "orders5.csv").write_text("")
    (data / "orders6.csv").write_text(HEADER + LINE + '2,"red')
    (data / "orders7.csv").write_text(HEADER + LINE + "2,ragged\n" + LINE)
    records = read_files(spark, list_files(spark, lamps(tmp_path), data)).persist()
    reports = {r.file: (r.rows, r.problem or "") for r in file_reports(records).collect()}
    told = {
        "orders1.csv": (2, ""),
        "orders2.csv": (0, "the gzip ends"),
        "orders3.csv": (0, "byte 0xff at offset 56 (line 3)"),
        "orders4.csv": (0, "'Qty' is missing"),
        "orders5.csv": (0, "the file is empty"),
        "orders6.csv": (0, "record 2, line 3 is never closed"),
        "orders7.csv": (3, ""),
    }
    assert {f: (n, told[f][1] in p) for f, (n, p) in reports.items()} == {
        f: (n, True) for f, (n, _) in told.items()
    }
    sent = sorted((r.file, r.row) for r in records.collect() if r.kind == "record")
    assert sent == [("orders1.csv", 1), ("orders1.csv", 2)] + [
        ("orders7.csv", n) for n in (1, 2, 3)
    ]
    [bad] = bad_records(records).collect()
    records.unpersist()
    assert (bad.file, bad.row, json.loads(bad.record)) == ("orders7.csv", 2, {"_line": "2,ragged"})


@pytest.mark.parametrize("packed", ["1", "128m"])
def test_the_same_records_however_files_are_packed(
    spark: SparkSession, tmp_path: Path, data: Path, packed: str
) -> None:
    odd = ['"', "a,b", "x\ny", "x\r\ny", "\r", "é", "灯", "\u2028", "\x00", " ", "", "\\", "{}"]
    oracle = []
    for n in range(4):
        path = data / f"orders{n}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(HEADER.strip().split(","))
            writer.writerows([str(n), value, *odd[i : i + 3]] for i, value in enumerate(odd[3:]))
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file))[1:]
        oracle += [(path.name, i, line) for i, line in enumerate(lines, start=1)]
    spark.conf.set("spark.sql.files.maxPartitionBytes", packed)
    try:
        rows = read(spark, lamps(tmp_path), data)
    finally:
        spark.conf.unset("spark.sql.files.maxPartitionBytes")
    found = [(r.file, r.row, list(json.loads(r.record).values())) for r in rows if r.record]
    assert sorted(found) == sorted(oracle)
