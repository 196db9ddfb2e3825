"""Places that a search of bytes alone passes over: numbers, links, archives, wide texts."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import random
import shutil
import sqlite3
import tarfile
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from shoplake.governance.erasure.order import Subject
from shoplake.governance.erasure.scan import Scanner
from shoplake.governance.erasure.text import masker
from shoplake.governance.erasure.values import Value, joined, patterns
from shoplake.governance.erasure.verify import Search, search
from shoplake.ingest.withdraw import replace

MAIL = "zoe.brandt@example.org"
VALUES = [
    Value("email", MAIL),
    Value("id", "17850"),
    Value("id", "4029357733"),
    Value("phone", "+44 7700 900123"),
    Value("link", "W0000012"),
]


def look(root: Path) -> Search:
    return search([root], VALUES)


def column(name: str, *cells: Any, kind: pa.DataType) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        pq.write_table(pa.table({name: pa.array(cells, kind)}), folder / "t.parquet")

    return plant


def content(name: str, data: bytes) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        (folder / name).write_bytes(data)

    return plant


def database(*sql: str) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        with sqlite3.connect(folder / "shop.db") as there:
            for statement in sql:
                there.execute(statement)

    return plant


def tar_of(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def npy(folder: Path) -> None:
    np.save(folder / "people.npy", np.array(["W0000011", "W0000012"]))


def npz(folder: Path) -> None:
    np.savez_compressed(folder / "people.npz", who=np.array(["W0000012"]))


def in_joblib(folder: Path) -> None:
    joblib.dump({"seen": [MAIL]}, folder / "cache.joblib", compress=3)


def as_spark_writes_decimals(folder: Path) -> None:
    """Within integers, of which Arrow does not give the greatest."""
    rows = pa.table({"n": pa.array([Decimal("4029357733.00")], pa.decimal128(18, 2))})
    write_deltalake(str(folder / "n"), rows)
    (file,) = (folder / "n").glob("*.parquet")
    assert pq.ParquetFile(file).schema.column(0).physical_type == "INT64"
    file.rename(folder / "t.parquet")
    shutil.rmtree(folder / "n")


SHEET = "CustomerID,units\n17850,3\n"
PLANTS: dict[str, Callable[[Path], None]] = {
    "long id as integer": column("customer_id", 1, 4029357733, kind=pa.int64()),
    "long id as decimal": column("n", Decimal("4029357733.00"), kind=pa.decimal128(20, 2)),
    "long id as decimal of Spark's": as_spark_writes_decimals,
    "long id as float": column("n", 1.5, None, 4029357733.0, kind=pa.float64()),
    "long id in a list": column("n", [1, 4029357733], kind=pa.list_(pa.int64())),
    "long id as Java writes floats": content("x.json", b'{"n":4.029357733E9}'),
    "short id as float": column("customer_id", 17850.0, kind=pa.float64()),
    "telephone as integer": column("phone", 447700900123, kind=pa.int64()),
    "telephone without its country": column("x", 7700900123, kind=pa.uint64()),
    "CSV with a mark of bytes": content("day.csv", SHEET.encode("utf-8-sig")),
    "the same, gzipped": content("day.csv.gz", gzip.compress(SHEET.encode("utf-8-sig"))),
    "CSV of UTF-16": content("day.csv", SHEET.encode("utf-16")),
    "CSV of UTF-16 without a mark": content("day.csv", SHEET.encode("utf-16-le")),
    "JSON of UTF-16": content("x.json", json.dumps({"CustomerID": "17850"}).encode("utf-16")),
    "array of texts": npy,
    "packed array of texts": npz,
    "gzip in tar": content("a.tar", tar_of("b.gz", gzip.compress(MAIL.encode()))),
    "gzip in tar in gzip": content(
        "a.tgz", gzip.compress(tar_of("b.gz", gzip.compress(MAIL.encode())))
    ),
    "joblib": in_joblib,
    "zlib, quick": content("a.z", zlib.compress(MAIL.encode() * 40, 1)),
    "zlib, usual": content("a.z", zlib.compress(MAIL.encode() * 40)),
    "zlib, behind another": content("a.z", zlib.compress(b"other") + zlib.compress(MAIL.encode())),
    "zlib, small": content("a.z", zlib.compress(MAIL.encode(), 9)),
    "lzma": content("a.lzma", lzma.compress(MAIL.encode(), lzma.FORMAT_ALONE)),
    "SQLite table called drafts": database(
        "CREATE TABLE drafts (customer_id INTEGER)", "INSERT INTO drafts VALUES (17850)"
    ),
    "SQLite table of a text search": database(
        "CREATE VIRTUAL TABLE notes_fts USING fts5(customer_id, note)",
        "INSERT INTO notes_fts VALUES ('17850', 'hello')",
    ),
}


@pytest.mark.parametrize("plant", PLANTS)
def test_a_value_in_an_unlikely_place_is_found(tmp_path: Path, plant: str) -> None:
    PLANTS[plant](tmp_path)
    found = look(tmp_path)
    (name,) = (p.name for p in tmp_path.iterdir())
    assert {p.where.split(" > ")[0] for p in found.places} == {name}
    assert not found.unread


def test_other_numbers_and_packed_files_are_not_found(tmp_path: Path) -> None:
    cells = {
        "n": pa.array([40293577330, 402935773, 700900123000, -4029357733], pa.int64()),
        "x": pa.array([4029357733.5, float("nan"), float("inf"), 1e300], pa.float64()),
        "at": pa.array([4029357733, 1, 2, 3], pa.timestamp("us")),
        "quantity": pa.array([17850] * 4, pa.int32()),
    }
    pq.write_table(pa.table(cells), tmp_path / "t.parquet")
    (tmp_path / "a.z").write_bytes(zlib.compress(b"somebody else"))
    (tmp_path / "padded.z").write_bytes(zlib.compress(b"somebody else") + b"\n")
    (tmp_path / "note.txt").write_text("x^2 + y^2, ]")
    (tmp_path / "zeros").write_bytes(bytes(2048))
    assert look(tmp_path).is_clean


def test_columns_without_great_numbers_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    column("price", 1, 2, 3, kind=pa.int64())(tmp_path)
    monkeypatch.setattr(pq.ParquetFile, "iter_batches", lambda *_, **__: pytest.fail("read"))
    assert look(tmp_path).is_clean


NOISE = random.Random(7).randbytes(2000).hex().encode()


def damaged(packed: bytes) -> bytes:
    return packed[:200] + b"?" * 40 + packed[240:]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cut.z", zlib.compress(random.Random(7).randbytes(5000))[:4000]),
        ("sum.z", zlib.compress(random.Random(7).randbytes(5000))[:-1] + b"?"),
        ("second.z", zlib.compress(NOISE) + damaged(zlib.compress(NOISE))),
        ("second cut.z", zlib.compress(NOISE) + zlib.compress(NOISE)[:1500]),
        ("cut.tar", tar_of("b.bin", bytes(range(256)) * 20)[:2000]),
        ("said.pdf", b"%PDF-1.7\n"),
        ("mlflow.db-wal", b"\x37\x7f\x06\x82" + bytes(28)),
    ],
    ids=["zlib", "zlib, wrong sum", "second zlib", "second zlib, cut", "tar", "PDF", "SQLite"],
)
def test_what_is_damaged_or_closed_is_said(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert [line.split(":")[0].split(" > ")[0] for line in look(tmp_path).unread] == [name]


@pytest.mark.parametrize("name", ["PARENT", "ORCHID", "LZIP", "Rar!"])
def test_a_text_that_starts_like_a_container_is_searched(tmp_path: Path, name: str) -> None:
    (tmp_path / "sheet.csv").write_text(f"{name},customer_id\nx,17850\n")
    found = look(tmp_path)
    assert found.unread == ()
    assert found.places


def test_what_a_link_leads_to_is_searched(tmp_path: Path) -> None:
    lake, elsewhere = tmp_path / "lake", tmp_path / "big disk"
    (lake / "silver").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "part-0").write_text(MAIL)
    (lake / "silver" / "orders").symlink_to(elsewhere, target_is_directory=True)
    (lake / "note.txt").symlink_to(elsewhere / "part-0")
    places = {p.where for p in look(lake).places}
    assert places == {"silver/orders/part-0", "note.txt"}


def test_links_in_a_circle_end_and_files_keep_their_own_names(tmp_path: Path) -> None:
    (tmp_path / "silver" / "orders").mkdir(parents=True)
    (tmp_path / "silver" / "orders" / "part-0").write_text(MAIL)
    (tmp_path / "a").symlink_to(tmp_path / "silver", target_is_directory=True)
    (tmp_path / "silver" / "orders" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert {p.where for p in look(tmp_path).places} == {"silver/orders/part-0"}


def test_a_link_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    (tmp_path / "orders").symlink_to(tmp_path / "a disk that is not there")
    assert look(tmp_path).unread == ("orders: a link that leads nowhere",)


def test_a_folder_that_cannot_be_listed_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    real = os.scandir

    def scandir(path: Any) -> Any:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert look(tmp_path).unread == ("locked: Permission denied",)


def test_a_file_behind_a_link_is_rewritten_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "a.txt").write_text(MAIL)
    (tmp_path / "a.txt").symlink_to(tmp_path / "disk" / "a.txt")
    replace(tmp_path / "a.txt", b"***")
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "disk" / "a.txt").read_text() == "***"


def test_a_person_with_very_many_values_is_searched_for() -> None:
    """One expression of them all is refused by RE2, or takes minutes."""
    values = [Value("address", f"{i} Höhenstraße, Köln {i * 7919}") for i in range(200)]
    assert len(joined(patterns(values))) > 50
    scanner = Scanner(patterns(values))
    scanner.piece("here", f"sent to {values[-1].text} and {values[0].text}".encode())
    scanner.flush()
    assert len(scanner.places) == 1
    texts = pd.Series(["nothing", f"sent to {values[-1].text}", None])
    masked = masker(Subject((), (), tuple(values)))(texts)
    assert list(masked)[:2] == ["nothing", "sent to ***"]
