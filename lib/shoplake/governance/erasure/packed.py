"""Files that are another file packed or encoded as a whole, told by their first bytes."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, BinaryIO, cast

import pyarrow as pa

from shoplake.governance.erasure.scan import CHUNK

_STEP = 1 << 14
_FIRST = 64
#: zlib at its levels; the third is what joblib writes.
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_OLD_LZMA = b"\x5d\0\0"
_BOMS = {
    codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
}  # fmt: skip


def unpacked(head: bytes, file: BinaryIO) -> Iterator[bytes] | None:
    """What a stream of gzip, bzip2, xz, lzma, LZ4 or zlib holds; None if it is none of these.

    Args:
        head: the file's first bytes.
        file: at its beginning.
    """
    if head.startswith(b"\x1f\x8b"):
        return _chunks(cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="rb")))
    if head.startswith(b"BZh"):
        return _chunks(cast(BinaryIO, bz2.BZ2File(file)))
    if head.startswith(b"\xfd7zXZ"):
        return _chunks(cast(BinaryIO, lzma.LZMAFile(file)))
    if head.startswith(b"\x04\x22\x4d\x18"):
        return _chunks(cast(BinaryIO, pa.CompressedInputStream(file, "lz4")))
    if head.startswith(_ZLIB) and not _is_plain(head):
        return _if_it_begins(file, zlib.decompressobj)
    if head.startswith(_OLD_LZMA):
        return _if_it_begins(file, lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE))
    return None


def as_utf8(head: bytes, file: BinaryIO) -> Iterator[bytes] | None:
    """A text of UTF-16 or UTF-32 as UTF-8, in which ids and their names are looked for; else None.

    Args:
        head: the file's first bytes.
        file: at its beginning.
    """
    encoding = next((name for bom, name in _BOMS.items() if head.startswith(bom)), None)
    start = head[: min(len(head), 16) & ~1]
    if encoding is None and start:
        wide = {"utf-16-le": (start[::2], start[1::2]), "utf-16-be": (start[1::2], start[::2])}
        encoding = next((e for e, (a, b) in wide.items() if _is_plain(a) and not any(b)), None)
    return None if encoding is None else _decoded(file, encoding)


def _decoded(file: BinaryIO, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    while data := file.read(CHUNK):
        yield decoder.decode(data).encode()
    yield decoder.decode(b"", final=True).encode()


def _is_plain(data: bytes) -> bool:
    return all(32 <= b < 127 or b in b"\t\r\n" for b in data)


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: stream.read(CHUNK), b"")


def _if_it_begins(file: BinaryIO, make: Callable[[], Any]) -> Iterator[bytes] | None:
    """Two bytes say little: what cannot be unpacked from its first bytes on is something else."""
    unpacker = make()
    try:
        first = unpacker.decompress(file.read(_FIRST))
    except (zlib.error, lzma.LZMAError):
        file.seek(0)
        return None
    return chain([first], _rest(file, unpacker, make))


def _rest(file: BinaryIO, unpacker: Any, make: Callable[[], Any]) -> Iterator[bytes]:
    """What follows, of streams that stand one after another too.

    What follows a whole stream and is none, by its first bytes, is searched as it lies; a stream
    that is damaged, or ends too early, is told.
    """
    left, fed = b"", _FIRST + 1
    while True:
        if unpacker.eof:
            left = unpacker.unused_data + left or file.read(_STEP)
            if not left:
                return
            left += file.read(max(_FIRST - len(left), 0))
            unpacker, first, left = make(), left[:_FIRST], left[_FIRST:]
            fed = len(first)
            try:
                made = unpacker.decompress(first)
            except (zlib.error, lzma.LZMAError):
                return
        else:
            data, left = left or file.read(_STEP), b""
            if not data:
                if fed < _FIRST:
                    return  # Too little to be sure that it is one.
                raise EOFError("the packed stream ends too early")
            fed += len(data)
            made = unpacker.decompress(data)
        yield made
