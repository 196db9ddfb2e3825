"""The streams that Spark packs a query's state with, block by block: LZ4, Snappy, LZF and zstd.

`spark.sql.streaming.stateStore.compression.codec` chooses among them. Those of Java have
frames of their own: lz4-java's LZ4BlockOutputStream, snappy-java's SnappyOutputStream, and
compress-lzf's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

_CHUNK = 1 << 20
_MAGIC = {
    "lz4": b"LZ4Block",
    "snappy": b"\x82SNAPPY\0",
    "zstd": b"\x28\xb5\x2f\xfd",
}
_LZF = (b"ZV\0", b"ZV\1")


def codec_of(head: bytes, *, is_state: bool = False) -> str | None:
    """Spark's name of the codec that a file begins as; LZF has too little of a mark to be told
    from other files, unless it is known that this is a state's.
    """
    if is_state and head[:3] in _LZF:
        return "lzf"
    return next((name for name, magic in _MAGIC.items() if head.startswith(magic)), None)


def plain_blocks(file: BinaryIO, codec: str) -> Iterator[bytes]:
    """The bytes that were packed.

    Raises:
        ValueError, OSError, struct.error: the stream is damaged.
    """
    if codec == "zstd":
        stream = pa.CompressedInputStream(file, "zstd")
        return iter(lambda: stream.read(_CHUNK), b"")
    return {"lz4": _lz4, "snappy": _snappy, "lzf": _lzf}[codec](file)


def _lz4(file: BinaryIO) -> Iterator[bytes]:
    """Magic, token (high half: 1 as it is, 2 LZ4), packed size, plain size, checksum; the bytes."""
    while (head := file.read(21))[:8] == _MAGIC["lz4"]:
        token, packed, plain, _ = struct.unpack("<Biii", head[8:])
        body = file.read(packed)
        if plain:
            yield body if token & 0xF0 == 0x10 else _decompressed("lz4_raw", body, plain)


def _snappy(file: BinaryIO) -> Iterator[bytes]:
    """Magic and two versions, which may come again; then sizes (big-endian) and blocks."""
    while head := file.read(4):
        if head == _MAGIC["snappy"][:4]:
            file.read(12)
            continue
        body = file.read(struct.unpack(">i", head)[0])
        plain = shift = 0
        for byte in body:  # a varint: the plain size
            plain |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        yield _decompressed("snappy", body, plain)


def _decompressed(codec: str, body: bytes, size: int) -> bytes:
    return bytes(pa.Codec(codec).decompress(body, size, asbytes=True))


def _lzf(file: BinaryIO) -> Iterator[bytes]:
    """Mark, whether it is packed, size (big-endian), plain size if it is packed; the bytes."""
    while head := file.read(5):
        if head[:3] not in _LZF:
            raise ValueError("not a block of LZF")
        size = struct.unpack(">H", head[3:])[0]
        if head[2]:
            file.read(2)
        body = file.read(size)
        yield _lzf_block(body) if head[2] else body


def _lzf_block(packed: bytes) -> bytes:
    """A byte below 32: as many and one more follow; else length and how far back to copy from."""
    out, at = bytearray(), 0
    while at < len(packed):
        control = packed[at]
        at += 1
        if control < 32:
            out += packed[at : at + control + 1]
            at += control + 1
            continue
        length = control >> 5
        if length == 7:
            length += packed[at]
            at += 1
        start = len(out) - ((control & 31) << 8 | packed[at]) - 1
        at += 1
        for i in range(length + 2):
            out.append(out[start + i])
    return bytes(out)
