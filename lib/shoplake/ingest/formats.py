"""The formats a shop may send: CSV, TSV, JSON lines and Parquet, each to the same records."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from typing import Any

from shoplake.ingest.mapping_model import FileMapping
from shoplake.ingest.parquet import parquet_records
from shoplake.ingest.records import (
    FileError,
    Record,
    bad_record,
    check_header,
    encode,
    lines,
)


def parse_file(content: bytes, file: FileMapping) -> Iterator[Record]:
    """The records of a file in order; row numbers count from 1, blank lines are none.

    Raises:
        FileError: when what is wrong casts doubt on the whole file.
    """
    if file.format == "parquet":
        return parquet_records(content, file)
    if file.format == "jsonl":
        return _json_records(content, file)
    return _csv_records(content, file)


class _Tape:
    """Lines as the CSV reader draws them, so that a bad record can be kept as it was sent."""

    def __init__(self, source: Iterator[str]) -> None:
        self.source = source
        self.drawn: list[str] = []

    def __iter__(self) -> _Tape:
        return self

    def __next__(self) -> str:
        line = next(self.source)
        self.drawn.append(line)
        return line

    def taken(self) -> str:
        return "".join(self.drawn).rstrip("\r\n")


def _csv_records(content: bytes, file: FileMapping) -> Iterator[Record]:
    csv.field_size_limit(sys.maxsize)
    tape = _Tape(lines(content, file))
    reader = csv.reader(
        tape,
        delimiter=file.delimiter,
        quotechar=file.quote,
        quoting=csv.QUOTE_NONE if file.quote is None else csv.QUOTE_MINIMAL,
        escapechar=file.escape,
        strict=True,
    )
    header: list[str] | None = None
    row = 0
    while True:
        tape.drawn.clear()
        start = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                place = f"record {row + 1}, line {start}" if header else "the header"
                raise FileError(
                    f"a quote or escape in {place} is never closed, so what follows cannot be"
                    " told apart; correct it, or `quote` and `escape` in the mapping"
                ) from None
            if header is None:
                raise FileError(f"the header cannot be read: {error}") from None
            row += 1
            yield bad_record(tape.taken(), f"line {start}: {error}")
            continue
        if not fields:
            continue
        if header is None:
            header = fields
            check_header(header, file)
            continue
        row += 1
        if len(fields) == len(header):
            yield Record(encode(dict(zip(header, fields, strict=True))), None)
        else:
            counts = f"{len(fields)} fields where the header has {len(header)}"
            yield bad_record(tape.taken(), f"line {start}: {counts}")
    if header is None:
        raise FileError("the file has no header, only blank lines; send it again")


class _Number(str):
    """A JSON number's digits, kept as they are written."""

    __slots__ = ()


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"'{twice}' is there twice")
    return found


_decoder = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_int=_Number,
    parse_float=_Number,
    parse_constant=_refuse_constant,
)


def _json_records(content: bytes, file: FileMapping) -> Iterator[Record]:
    for number, line in enumerate(lines(content, file), start=1):
        text = line.strip(" \t\r\n")
        if text:
            yield json_record(text, f"line {number}: ")


def json_record(text: str, place: str = "") -> Record:
    """One JSON object as a record; `place` stands before what is wrong with it."""
    try:
        value = _decoder.decode(text)
        if not isinstance(value, dict):
            raise ValueError("not an object")
        record = encode({k: v if v is None else json_text(v) for k, v in value.items()})
        record.encode()
    except UnicodeEncodeError:
        return bad_record(text, f"{place}half of a surrogate pair")
    except (ValueError, RecursionError) as error:
        return bad_record(text, f"{place}{error}")
    return Record(record, None)


def json_text(value: Any) -> str:
    """A JSON value as text: a string without quotes, a number as written, the rest as JSON."""
    return value if isinstance(value, str) else _nested(value)


def _nested(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{encode(k)}:{_nested(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_nested, value)) + "]"
    return encode(value)
