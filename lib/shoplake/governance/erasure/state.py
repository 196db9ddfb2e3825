"""A streaming query's state without a person: entries whose key or value names them are left out.

Spark's HDFS-backed state store (its default) keeps each version as a list of changes, `N.delta`, or
whole, `N.snapshot`: key size, key, value size, value (big-endian sizes; value size -1 says removed,
key size -1 says the end), packed by a codec of Spark's. Every version is rewritten, so that the
query goes on from any of them. The RocksDB store is searched, not rewritten: its query needs a new
checkpoint.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

from shoplake.governance.erasure.streams import codec_of, plain_blocks
from shoplake.runtime.lake import Lake

Holds = Callable[[bytes], bool]
_NAME = re.compile(r"/state/\d+/\d+(/[^/]+)?/\d+\.(delta|snapshot)$")


def is_state(path: Path) -> bool:
    """Whether this is a version of an HDFS-backed state store."""
    return _NAME.search(path.as_posix()) is not None


def without(lake: Lake, content: bytes, holds: Holds) -> tuple[bytes, int]:
    """A state file's bytes without the entries that `holds` is true of, and how many those were.

    Raises:
        ValueError: it is not such a file.
    """
    codec = codec_of(content[:16], is_state=True)
    if codec is None:
        raise ValueError("the state is packed in an unknown way")
    plain = b"".join(plain_blocks(io.BytesIO(content), codec))
    kept, dropped, at = [], 0, 0
    while True:
        size = _int(plain, at)
        if size == -1:
            break
        value_at = at + 4 + size
        end = value_at + 4 + max(_int(plain, value_at), 0)
        entry = plain[at:end]
        if holds(entry[4 : 4 + size]) or holds(entry[8 + size :]):
            dropped += 1
        else:
            kept.append(entry)
        at = end
    return _packed(lake, b"".join(kept) + plain[at:], codec) if dropped else content, dropped


def unwritable(places: Iterable[str]) -> list[str]:
    """Checkpoint folders of the places of a search that are state, and none `without` can do."""
    files = {place.split(" > ")[0] for place in places}
    return sorted({f.split("/state/")[0] for f in files if "/state/" in f and not _NAME.search(f)})


def _int(data: bytes, at: int) -> int:
    if at + 4 > len(data):
        raise ValueError("the state ends within an entry")
    return int(struct.unpack(">i", data[at : at + 4])[0])


def _packed(lake: Lake, data: bytes, codec: str) -> bytes:
    spark, jvm = lake.spark, lake.spark._jvm
    assert jvm is not None
    out = jvm.java.io.ByteArrayOutputStream()
    conf = spark.sparkContext._conf._jconf
    made = jvm.org.apache.spark.io.CompressionCodec.createCodec(conf, codec)
    packer = made.compressedOutputStream(out)
    packer.write(data)
    packer.close()
    return bytes(out.toByteArray())
