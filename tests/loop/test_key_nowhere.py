"""The pseudonym key is in no byte that a run leaves: tables, logs, model store, Spark's log."""

from __future__ import annotations

import base64
import gzip
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from small_loop import Loop


def contents(path: Path) -> Iterator[bytes]:
    """A file's bytes, and what it holds compressed."""
    data = path.read_bytes()
    yield data
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        for name in table.column_names:
            if pa.types.is_string(table.schema.field(name).type):
                yield "\n".join(filter(None, table[name].to_pylist())).encode()
    elif path.suffix == ".gz":
        yield gzip.decompress(data)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def spellings(key: bytes) -> list[bytes]:
    """The key as it might be written."""
    raw = bytes.fromhex(key.decode())
    return [key, key.hex().encode(), raw, base64.b64encode(key), base64.b64encode(raw)]


def test_the_key_is_nowhere_but_in_its_file(loop: Loop) -> None:
    lake = Path(loop.settings.lake)
    key = Path(f"{lake}.key").read_bytes().strip()
    assert len(key) == 64
    logs = Path(tempfile.gettempdir()).glob("spark-*.log")
    files = [p for p in (*lake.rglob("*"), *logs) if p.is_file() and p.stat().st_size]
    assert {"bronze", "silver", "gold", "governance", "models"} <= {
        p.relative_to(lake).parts[0] for p in files if p.is_relative_to(lake)
    }
    found = [p for p in files for data in contents(p) if any(s in data for s in spellings(key))]
    assert found == []


def test_no_pseudonym_is_in_the_model_store(loop: Loop) -> None:
    lake = Path(loop.settings.lake)
    people = pq.read_table(lake / "silver" / "people", columns=["person_key"])["person_key"]
    keys = [key.encode() for key in people.to_pylist()]
    stores = [p for d in ("models", "runs", "feed") for p in (lake / d).rglob("*") if p.is_file()]
    assert stores
    assert [p for p in stores for data in contents(p) if any(k in data for k in keys)] == []


def test_the_search_finds_a_key_that_is_there(tmp_path: Path) -> None:
    key = b"0123456789abcdef" * 4
    pq.write_table(pa.table({"t": [f"x{key.decode()}y"]}), tmp_path / "t.parquet")
    assert any(key in data for data in contents(tmp_path / "t.parquet"))
    (tmp_path / "t.gz").write_bytes(gzip.compress(base64.b64encode(key)))
    assert any(s in data for data in contents(tmp_path / "t.gz") for s in spellings(key))
