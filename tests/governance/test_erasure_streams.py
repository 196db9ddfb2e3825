"""A stream's state, however Spark packs it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.governance.erasure.files import Searcher
from shoplake.governance.erasure.order import Subject
from shoplake.governance.erasure.state import is_state, unwritable, without
from shoplake.governance.erasure.values import Value
from shoplake.governance.erasure.verify import search
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import load

ZOE = Subject((("corner", "17850"),), (), (Value("email", "zoe@example.org"), Value("id", "17850")))
# So alike that every codec packs them, and more than one block of each.
KEYS = [f"customer {i:07d} of the shop" for i in range(3000)]
THEIRS = ["zoe@example.org", "customer|17850", "17850"]


def state(keys: list[str]) -> bytes:
    entries = [
        struct.pack(">i", len(k)) + k.encode() + struct.pack(">i", 4) + b"\0\0\0\1" for k in keys
    ]
    return b"".join(entries) + struct.pack(">i", -1)


def packed(spark: SparkSession, codec: str, data: bytes) -> bytes:
    jvm = spark._jvm
    assert jvm is not None
    out = jvm.java.io.ByteArrayOutputStream()
    conf = spark.sparkContext._conf._jconf
    stream = jvm.org.apache.spark.io.CompressionCodec.createCodec(conf, codec)
    stream = stream.compressedOutputStream(out)
    stream.write(data)
    stream.close()
    return bytes(out.toByteArray())


@pytest.mark.parametrize(
    "codec",
    ["lz4", "zstd", *(pytest.param(c, marks=pytest.mark.slow) for c in ("snappy", "lzf"))],
)
def test_a_person_is_found_in_the_state_and_taken_out(
    spark: SparkSession, tmp_path: Path, codec: str
) -> None:
    path = tmp_path / "checkpoints" / "query" / "state" / "0" / "1" / "7.delta"
    path.parent.mkdir(parents=True)
    content = packed(spark, codec, state([*KEYS, *THEIRS]))
    assert len(content) < 60_000
    path.write_bytes(content)
    assert is_state(path)
    found = search([tmp_path], ZOE.searched)
    assert {p.value for p in found.places} == {"email z***", "id 1***"}
    assert found.unread == ()
    left, dropped = without(Lake(spark, load("local")), content, Searcher(ZOE).in_state)
    assert dropped == len(THEIRS)
    assert left == packed(spark, codec, state(KEYS))
    path.write_bytes(left)
    assert search([tmp_path], ZOE.searched).is_clean


def test_state_that_is_not_rewritten_is_named_by_its_checkpoint() -> None:
    places = [
        "checkpoints/a/state/0/0/1.zip > 000008.sst > RocksDB block",
        "checkpoints/a/state/0/1/SSTs/000009-x.sst > RocksDB block",
        "checkpoints/b/state/0/0/2.changelog > unpacked",
        "checkpoints/c/state/0/0/2.delta > unpacked",
        "silver/orders/part-0.parquet > column person_key, row group 0, data page",
    ]
    assert unwritable(places) == ["checkpoints/a", "checkpoints/b"]
