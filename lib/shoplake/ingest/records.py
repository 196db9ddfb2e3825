"""A file's bytes to records: JSON objects of strings, exactly as sent, whatever the format."""

from __future__ import annotations

import codecs
import gzip
import io
import json
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO, NamedTuple, cast

from shoplake.ingest.mapping_model import FileMapping
from shoplake.ingest.yaml_clauses import nearest

EMPTY = "the file is empty; was its upload interrupted? send it again"
GZIP = b"\x1f\x8b"
HELD = 20_000
_CHUNK = 1 << 20

encode = json.JSONEncoder(ensure_ascii=False).encode


class FileError(Exception):
    """A whole file cannot be trusted: says where, and what to do."""


class Record(NamedTuple):
    """One record: `text` is a JSON object; with a `problem` it is {"_line": the raw text}."""

    text: str
    problem: str | None


def bad_record(line: str, problem: str) -> Record:
    """A record that cannot be understood, kept as it was sent."""
    return Record(encode({"_line": line}), problem)


def whole_records(parse: Callable[[], Iterator[Record]]) -> Iterator[Record]:
    """The records of a file, none before its last byte has been understood.

    A file of fewer than `HELD` records is held; a larger one is read twice, which costs less
    than the memory it would take.

    Raises:
        FileError: before the first record.
    """
    records = parse()
    head = list(islice(records, HELD))
    if len(head) < HELD:
        return iter(head)
    deque(records, maxlen=0)
    return parse()


def open_bytes(content: bytes) -> BinaryIO:
    """The plain bytes as a stream; gzip is known by its first two bytes, not by a name."""
    if content.startswith(GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(content)))
    return io.BytesIO(content)


def plain_bytes(content: bytes) -> bytes:
    """The plain bytes at once.

    Raises:
        FileError: the gzip is cut off or damaged.
    """
    try:
        return open_bytes(content).read()
    except (EOFError, OSError, zlib.error) as error:
        raise gzip_fault(error) from None


def lines(content: bytes, file: FileMapping) -> Iterator[str]:
    r"""Lines with their ends (\n, \r\n or \r), without the byte order mark.

    Raises:
        FileError: nothing in it, a damaged gzip, or bytes that are not the encoding's.
    """
    stream = io.TextIOWrapper(open_bytes(content), encoding=file.encoding, newline="")
    try:
        first = stream.readline().removeprefix("\ufeff")
        if not first:
            raise FileError(EMPTY)
        yield first
        yield from stream
    except UnicodeDecodeError:
        raise _encoding_fault(content, file.encoding) from None
    except UnicodeError as error:
        raise FileError(
            f"not {file.encoding}: {error}; correct `encoding` in the mapping"
        ) from None
    except (EOFError, OSError, zlib.error) as error:
        raise gzip_fault(error) from None


def check_header(header: list[str], file: FileMapping) -> None:
    """Refuse a header that lacks a column of the mapping or repeats one.

    Raises:
        FileError: naming the column and what the header has.
    """
    missing = [column for column in file.columns if column not in header]
    if missing:
        told = "; ".join(f"'{m}' is missing, {nearest(m, header)}" for m in missing[:5])
        raise FileError(f"the columns are not those of the mapping: {told}")
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated:
        raise FileError(f"'{repeated[0]}' is a column more than once; give each its own name")


def gzip_fault(error: Exception) -> FileError:
    """What a failed decompression means."""
    if isinstance(error, EOFError):
        return FileError("the gzip ends before its end mark, so the file is cut off; send it again")
    return FileError(f"the gzip is damaged ({error}); send it again")


def _encoding_fault(content: bytes, encoding: str) -> FileError:
    """Finds the byte: its place is only known to a decoder that has counted from the start."""
    decoder = codecs.getincrementaldecoder(encoding)()
    stream, offset, line = open_bytes(content), 0, 1
    while True:
        try:
            chunk = stream.read(_CHUNK)
        except (EOFError, OSError, zlib.error) as error:
            return gzip_fault(error)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            at = offset - pending + error.start
            bad = error.object[error.start : error.start + 1].hex()
            return FileError(
                f"byte 0x{bad} at offset {at} (line {line}) is not {encoding};"
                " correct `encoding` in the mapping, or send the file in it"
            )
        line += text.count("\n")
        offset += len(chunk)
