"""The pages of a Parquet file, decompressed one at a time.

A page's header is Thrift in its compact protocol (thrift/doc/specs/thrift-compact-protocol.md);
parquet.thrift of apache/parquet-format has the fields. Reading pages, and not only values, finds
what no value refers to any more: entries of a dictionary, the statistics in a page's header.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
)  # fmt: skip
_CODECS = {"SNAPPY": "snappy", "GZIP": "gzip", "BROTLI": "brotli", "ZSTD": "zstd",
           "LZ4": "lz4_raw", "LZ4_RAW": "lz4_raw"}  # fmt: skip
_HEADER = 1 << 16


class PageError(Exception):
    """A page that is not as its header says, or of a codec that is not known."""


@dataclass(frozen=True)
class Page:
    """A page's bytes, decompressed, and where it stands."""

    row_group: int
    column: str
    kind: str
    data: bytes


def pages(file: BinaryIO) -> Iterator[Page]:
    """Every page of every column chunk, in the file's order.

    Raises:
        PageError: the file is damaged or encrypted.
    """
    try:
        metadata = pq.ParquetFile(file).metadata
    except (pa.ArrowException, OSError) as error:
        raise PageError(str(error).splitlines()[0]) from None
    for group in range(metadata.num_row_groups):
        for index in range(metadata.row_group(group).num_columns):
            yield from _chunk(file, metadata.row_group(group).column(index), group)


def _chunk(file: BinaryIO, chunk: pq.ColumnChunkMetaData, group: int) -> Iterator[Page]:
    start = chunk.data_page_offset
    if chunk.has_dictionary_page and chunk.dictionary_page_offset:
        start = min(start, chunk.dictionary_page_offset)
    end = start + chunk.total_compressed_size
    while start < end:
        file.seek(start)
        reader = _Thrift(file.read(_HEADER))
        header = reader.struct()
        kind, plain, packed = header[1], header[2], header[3]
        file.seek(start + reader.at)
        body = file.read(packed)
        if len(body) < packed:
            raise PageError("the file ends within a page")
        start += reader.at + packed
        levels = 0
        squeezed = chunk.compression != "UNCOMPRESSED"
        if kind == 3:
            second = header[8]
            levels = second.get(5, 0) + second.get(6, 0)
            squeezed = squeezed and second.get(7, True)
        data = body
        if squeezed and plain > levels:
            data = body[:levels] + _inflate(chunk.compression, body[levels:], plain - levels)
        name = {0: "data", 2: "dictionary", 3: "data"}.get(kind, "index")
        yield Page(group, chunk.path_in_schema, name, data)


def _inflate(codec: str, data: bytes, size: int) -> bytes:
    try:
        return bytes(pa.Codec(_CODECS[codec]).decompress(data, size, asbytes=True))
    except KeyError:
        raise PageError(f"codec {codec} is not known") from None
    except (pa.ArrowException, OSError):
        if codec != "LZ4":
            raise PageError(f"a page is not {codec}") from None
        # Hadoop's framing of LZ4: big-endian plain and packed size before each block.
        return bytes(pa.Codec("lz4_raw").decompress(data[8:], size, asbytes=True))


class _Thrift:
    """Just enough of Thrift's compact protocol to read a struct into a dict by field id."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def struct(self) -> dict[int, Any]:
        found: dict[int, Any] = {}
        field = 0
        while True:
            head = self._byte()
            if head == _STOP:
                return found
            delta, kind = head >> 4, head & 15
            field = field + delta if delta else self._zigzag()
            found[field] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind)

    def _value(self, kind: int) -> Any:
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind in (_I16, _I32, _I64):
            return self._zigzag()
        if kind == _DOUBLE:
            self.at += 8
            return None
        if kind == _BINARY:
            size = self._varint()
            self.at += size
            return None
        if kind in (_LIST, _SET):
            head = self._byte()
            size = head >> 4 if head >> 4 < 15 else self._varint()
            return [self._value(head & 15) for _ in range(size)]
        if kind == _STRUCT:
            return self.struct()
        raise PageError("a page header cannot be read")

    def _byte(self) -> int:
        if self.at >= len(self.data):
            raise PageError("a page header cannot be read")
        self.at += 1
        return self.data[self.at - 1]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if not byte & 128:
                return value
            shift += 7

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
