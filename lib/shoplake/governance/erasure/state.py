"""A streaming query's state without a person: entries whose key or value names them are left out.

Spark's HDFS-backed state store (its default) keeps each version as a list of changes, `N.delta`, or
whole, `N.snapshot`: key size, key, value size, value (big-endian sizes; value size -1 says removed,
key size -1 says the end), packed by lz4-java. Every version is rewritten, so that the query goes on
from any of them. The RocksDB store is searched, not rewritten: its query needs a new checkpoint.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from pathlib import Path

from shoplake.governance.erasure.containers import lz4_blocks
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
    plain = b"".join(lz4_blocks(io.BytesIO(content)))
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
    return _packed(lake, b"".join(kept) + plain[at:]) if dropped else content, dropped


def _int(data: bytes, at: int) -> int:
    if at + 4 > len(data):
        raise ValueError("the state ends within an entry")
    return int(struct.unpack(">i", data[at : at + 4])[0])


def _packed(lake: Lake, data: bytes) -> bytes:
    jvm = lake.spark._jvm
    assert jvm is not None
    out = jvm.java.io.ByteArrayOutputStream()
    packer = jvm.net.jpountz.lz4.LZ4BlockOutputStream(out)
    packer.write(data)
    packer.close()
    return bytes(out.toByteArray())
