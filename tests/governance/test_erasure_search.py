"""A value planted in an unlikely place is found there, and its place is named."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from pyspark.sql import SparkSession
from safetensors.numpy import save_file

from shoplake.governance.erasure.values import Value
from shoplake.governance.erasure.verify import Search, search

MAIL = "zoe.brandt@example.org"
VALUES = [
    Value("email", MAIL),
    Value("id", "17850"),
    Value("key", "5eb63bbbe01eeed093cb22bb8f5acdc3"),
]
FILLER = [f"somebody.else{i}@example.com" for i in range(400)]


def look(root: Path) -> Search:
    return search([root], VALUES)


def parquet(path: Path, values: list[str | None], **how: object) -> None:
    pq.write_table(pa.table({"note": values}), path, **how)


def statistics(folder: Path) -> None:
    add = {"add": {"path": "part-0", "stats": json.dumps({"maxValues": {"email": MAIL}})}}
    log = folder / "bronze" / "people" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000003.json").write_text(json.dumps(add))


def log_predicate(folder: Path) -> None:
    said = {"commitInfo": {"operationParameters": {"predicate": f"[\"(email = '{MAIL}')\"]"}}}
    (folder / "00000000000000000000.json").write_text(json.dumps(said))


def change_data(folder: Path) -> None:
    (folder / "_change_data").mkdir()
    parquet(folder / "_change_data" / "cdc-0.c000.parquet", [*FILLER, MAIL], compression="zstd")


def checkpoint(folder: Path) -> None:
    stats = json.dumps({"minValues": {"email": MAIL}})
    table = pa.table({"add": [{"path": "p", "stats": stats}]})
    pq.write_table(table, folder / "00000000000000000010.checkpoint.parquet", compression="gzip")


def quarantine(folder: Path) -> None:
    parquet(folder / "held.parquet", [json.dumps({"email": MAIL})], compression="snappy")


def second_page_version(folder: Path) -> None:
    parquet(folder / "v2.parquet", [*FILLER, MAIL], data_page_version="2.0", compression="lz4")


def many_small_pages(folder: Path) -> None:
    parquet(folder / "p.parquet", [*FILLER, MAIL], data_page_size=64, use_dictionary=False)


def cut_in_pieces(folder: Path) -> None:
    cut = [MAIL[:12] + "-other", MAIL]
    how = {"use_dictionary": False, "column_encoding": {"note": "DELTA_BYTE_ARRAY"}}
    parquet(folder / "delta.parquet", cut, compression="gzip", **how)


def nested(folder: Path) -> None:
    pq.write_table(pa.table({"a": [[{"b": [MAIL]}]]}), folder / "n.parquet", compression="brotli")


def footer(folder: Path) -> None:
    table = pa.table({"x": [1]}).replace_schema_metadata({"made by": MAIL})
    pq.write_table(table, folder / "footer.parquet")


def gz(folder: Path) -> None:
    (folder / "access.log.gz").write_bytes(gzip.compress(f"GET /?m={MAIL}".encode()))


def gz_in_zip_in_bz2(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.gz", gzip.compress(MAIL.encode()))
    (folder / "deep.bz2").write_bytes(bz2.compress(buffer.getvalue()))


def xz(folder: Path) -> None:
    (folder / "a.xz").write_bytes(lzma.compress(MAIL.encode()))


def zstd(folder: Path) -> None:
    with pa.CompressedOutputStream(str(folder / "a.zst"), "zstd") as out:
        out.write(f"{FILLER} {MAIL}".encode())


def utf16(folder: Path) -> None:
    (folder / "windows.log").write_bytes(f"mail {MAIL}\r\n".encode("utf-16"))


def sqlite_blob(folder: Path) -> None:
    with sqlite3.connect(folder / "mlflow.db") as database:
        database.execute("CREATE TABLE tags (key TEXT, value BLOB)")
        # Across SQLite's pages, so that the bytes of the file hold it in two pieces.
        for lead in range(4000, 4200, 3):
            database.execute("INSERT INTO tags VALUES ('x', ?)", (b"-" * lead + MAIL.encode(),))


def sqlite_deleted(folder: Path) -> None:
    with sqlite3.connect(folder / "free.db") as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE t (v TEXT)")
        database.execute("INSERT INTO t VALUES (?)", (MAIL,))
        database.execute("DELETE FROM t")


def base64_in_json(folder: Path) -> None:
    body = base64.b64encode(f"x{MAIL}y".encode()).decode()
    (folder / "queue.json").write_text(json.dumps({"payload": body}))


def pickled(folder: Path) -> None:
    (folder / "cache.pkl").write_bytes(pickle.dumps({"seen": [MAIL]}))


def torch_file(folder: Path) -> None:
    torch.save({"examples": [MAIL]}, folder / "checkpoint.pt")


def safetensors_header(folder: Path) -> None:
    save_file({"w": np.zeros(2, np.float32)}, folder / "w.safetensors", metadata={"by": MAIL})


def across_a_chunk(folder: Path) -> None:
    (folder / "big.bin").write_bytes(b"\0" * ((8 << 20) - 9) + MAIL.encode())


def file_name(folder: Path) -> None:
    (folder / f"{MAIL}.txt").touch()


def pseudonym(folder: Path) -> None:
    parquet(folder / "k.parquet", ["5eb63bbbe01eeed093cb22bb8f5acdc3"], compression="snappy")


def id_column(folder: Path) -> None:
    pq.write_table(pa.table({"customer_id": [1, 17850], "n": [17850, 2]}), folder / "i.parquet")


def csv_cell(folder: Path) -> None:
    (folder / "day.csv.gz").write_bytes(gzip.compress(b"no;CustomerID;qty\n1;17850.0;3\n"))


PLANTS: list[Callable[[Path], None]] = [
    statistics, log_predicate, change_data, checkpoint, quarantine, second_page_version,
    many_small_pages, cut_in_pieces, nested, footer, gz, gz_in_zip_in_bz2, xz, zstd, utf16,
    sqlite_blob, sqlite_deleted, base64_in_json, pickled, torch_file, safetensors_header,
    across_a_chunk, file_name, pseudonym, id_column, csv_cell,
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTS, ids=lambda p: p.__name__)
def test_a_planted_value_is_found(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    plant(tmp_path)
    found = look(tmp_path)
    names = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert {p.where.split(" > ")[0] for p in found.places} == {
        n.replace(MAIL, "***") for n in names
    }
    assert not found.unread
    assert MAIL not in str(found)


def test_other_peoples_values_are_not_found(tmp_path: Path) -> None:
    parquet(tmp_path / "p.parquet", FILLER, compression="snappy")
    pq.write_table(
        pa.table({"customer_id": [1785, 178500], "n": [17850, 2]}), tmp_path / "i.parquet"
    )
    (tmp_path / "day.csv").write_text("no,CustomerID,qty\n17850,1,17850\n")
    found = look(tmp_path)
    assert found.is_clean
    assert found.files == 3


def test_a_place_in_parquet_names_column_and_row_group(tmp_path: Path) -> None:
    table = pa.table({"a": ["x"] * 30, "b": ["y"] * 29 + [MAIL]})
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=10)
    places = {p.where for p in look(tmp_path).places}
    assert "t.parquet > column b, row group 2, dictionary page" in places


@pytest.mark.parametrize("form", [4, 5], ids=lambda v: f"format {v}")
@pytest.mark.parametrize("codec", ["NO_COMPRESSION", "LZ4_COMPRESSION", "ZSTD_COMPRESSION"])
def test_a_rocksdb_table_is_read_block_by_block(
    spark: SparkSession, tmp_path: Path, form: int, codec: str
) -> None:
    """As a RocksDB state store has them; keys share their beginnings, so theirs is in pieces."""
    rocks = spark._jvm.org.rocksdb  # type: ignore[union-attr]
    options = rocks.Options()
    table = rocks.BlockBasedTableConfig().setFormatVersion(form).setBlockSize(512)
    options.setTableFormatConfig(table)
    options.setCompressionType(getattr(rocks.CompressionType, codec))
    writer = rocks.SstFileWriter(rocks.EnvOptions(), options)
    writer.open(str(tmp_path / "000008.sst"))
    keys = sorted([*FILLER, MAIL[:-1] + "a", MAIL, *(f"{MAIL}{i:03d}" for i in range(3))])
    for key in keys:
        writer.put(key.encode(), b"1")
    writer.finish()
    found = look(tmp_path)
    assert {p.where.split(" > ")[0] for p in found.places} == {"000008.sst"}
    assert any("RocksDB" in p.where for p in found.places)
    assert not found.unread


def test_what_cannot_be_looked_into_is_said(tmp_path: Path) -> None:
    (tmp_path / "cut.gz").write_bytes(gzip.compress(bytes(range(256)) * 50)[:60])
    (tmp_path / "rows.avro").write_bytes(b"Obj\x01" + b"\0" * 20)
    (tmp_path / "half.parquet").write_bytes(b"PAR1" + b"\0" * 50)
    found = look(tmp_path)
    assert not found.is_clean
    assert {line.split(":")[0] for line in found.unread} == {"cut.gz", "rows.avro", "half.parquet"}


def test_the_manifest_changes_with_any_byte(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    first = look(tmp_path).manifest
    assert look(tmp_path).manifest == first
    (tmp_path / "a").write_bytes(b"2")
    assert look(tmp_path).manifest != first
