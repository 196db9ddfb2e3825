"""Parquet files to records: every value as plain text, nulls kept."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shoplake.ingest.mapping_model import FileMapping
from shoplake.ingest.records import EMPTY, FileError, Record, check_header, encode, plain_bytes

_ROWS = 10_000


def parquet_records(content: bytes, file: FileMapping) -> Iterator[Record]:
    """The rows of a Parquet file.

    Numbers are plain decimals, times 'yyyy-MM-dd HH:mm:ss[.fraction]' (with 'Z' when the column has
    a zone), bytes base64, lists and structs JSON.

    Raises:
        FileError: not Parquet, damaged, or without a column of the mapping.
    """
    plain = plain_bytes(content)
    if not plain:
        raise FileError(EMPTY)
    try:
        source = pq.ParquetFile(pa.BufferReader(plain))
        names = source.schema_arrow.names
        check_header(names, file)
        for batch in source.iter_batches(batch_size=_ROWS):
            columns = [_texts(batch.column(i)) for i in range(batch.num_columns)]
            for row in zip(*columns, strict=True):
                yield Record(encode(dict(zip(names, row, strict=True))), None)
    except (pa.ArrowException, OSError, ValueError) as error:
        said = str(error).splitlines()[0]
        raise FileError(f"not a whole Parquet file ({said}); send it again") from None


def _texts(column: pa.Array) -> list[str | None]:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(column.dictionary_decode())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.to_pylist()
    if pa.types.is_timestamp(kind):
        if kind.tz:
            column = column.cast(pa.timestamp(kind.unit, "UTC"))
        text = column.cast(pa.string())
        return pc.replace_substring_regex(text, r"\.0+(Z?)$", r"\1").to_pylist()
    if pa.types.is_temporal(kind) and not pa.types.is_duration(kind):
        return column.cast(pa.string()).to_pylist()
    convert = _converter(kind)
    return [None if value is None else convert(value) for value in column.to_pylist()]


def _converter(kind: pa.DataType) -> Callable[[Any], str]:
    if pa.types.is_boolean(kind):
        return lambda value: "true" if value else "false"
    if kind == pa.float32():
        return lambda value: _float_text(np.float32(value))
    if pa.types.is_floating(kind):
        return _float_text
    if pa.types.is_integer(kind):
        return str
    if pa.types.is_decimal(kind):
        return lambda value: format(value, "f")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return lambda value: base64.b64encode(value).decode()
    return lambda value: encode(_jsonable(value))


def _float_text(value: float | np.floating) -> str:
    # The shortest digits that give the same number back, without an exponent.
    number = Decimal(str(value))
    return format(number, "f") if number.is_finite() else str(value)


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(v) for v in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
