"""The blocks of a RocksDB table file (SST), as Spark's state store and its archives hold them.

The block-based format is described in RocksDB's wiki ("Rocksdb BlockBasedTable Format"). A key is
written as what it shares with the one before and the rest, so keys are put together again here.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

_MAGIC = 0x88E241B785F4CFF7
_FOOTER = 53
_TRAILER = 5


class SstError(Exception):
    """A table file that cannot be read."""


def is_sst(file: BinaryIO) -> bool:
    """Whether the file ends as a block-based table does; leaves it at its start."""
    size = file.seek(0, os.SEEK_END)
    if size < _FOOTER:
        file.seek(0)
        return False
    file.seek(size - 8)
    magic = struct.unpack("<Q", file.read(8))[0]
    file.seek(0)
    return bool(magic == _MAGIC)


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """The entries of every block - metadata, index and data -, keys whole, decompressed.

    Raises:
        SstError: the file is damaged or of a form that is not known.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(size - _FOOTER)
    footer = file.read(_FOOTER)
    try:
        # Footer: checksum type, handle of the meta index, handle of the index, zeros, version.
        at = 1
        meta, at = _handle(footer, at)
        index, at = _handle(footer, at)
        version = struct.unpack("<I", footer[-12:-8])[0]
        if not index[1]:
            raise SstError(f"format version {version} is not looked into")
        for _, value in (entries := list(_entries(_block(file, *meta)))):
            yield _block(file, *_handle(value, 0)[0])
        yield b"\0".join(name for name, _ in entries)
        for key, handle in _index(_block(file, *index), is_delta=version >= 4):
            yield key
            yield b"\0".join(k + b"\0" + v for k, v in _entries(_block(file, *handle)))
    except (IndexError, struct.error, pa.ArrowException, OSError, zlib.error) as error:
        raise SstError(f"not a table file as expected: {error}") from None


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    offset, at = _varint(data, at)
    length, at = _varint(data, at)
    return (offset, length), at


def _index(block: bytes, *, is_delta: bool) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Keys and handles; from version 4 on, a handle is how much longer it is than the last."""
    if not is_delta:
        yield from ((key, _handle(value, 0)[0]) for key, value in _entries(block))
        return
    at, key, handle = 0, b"", (0, 0)
    while at < _end(block):
        shared, at = _varint(block, at)
        rest, at = _varint(block, at)
        key = key[:shared] + block[at : at + rest]
        at += rest
        if shared:
            more, at = _varint(block, at)
            grown = handle[1] + ((more >> 1) ^ -(more & 1))
            handle = (handle[0] + handle[1] + _TRAILER, grown)
        else:
            handle, at = _handle(block, at)
        yield key, handle


def _block(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    data = file.read(length + _TRAILER)
    body, kind = data[:length], data[length]
    if kind == 0:
        return body
    if kind == 2:
        return zlib.decompress(body[_varint(body, 0)[1] :], -15)
    names = {1: "snappy", 4: "lz4_raw", 5: "lz4_raw", 7: "zstd"}
    if kind not in names:
        raise SstError(f"compression {kind} is not known")
    if kind == 1:
        plain, at = _varint(body, 0)[0], 0
    else:
        plain, at = _varint(body, 0)
    return bytes(pa.Codec(names[kind]).decompress(body[at:], plain, asbytes=True))


def _end(block: bytes) -> int:
    restarts = struct.unpack("<I", block[-4:])[0] & 0x7FFFFFFF
    return len(block) - 4 * (restarts + 1)


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    end = _end(block)
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        rest, at = _varint(block, at)
        size, at = _varint(block, at)
        key = key[:shared] + block[at : at + rest]
        at += rest
        yield key, block[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at += 1
        if not byte & 128:
            return value, at
        shift += 7
