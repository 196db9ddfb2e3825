"""Arrow columns as text, the form in which every source is profiled; and types that are settled."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc

_NUMBERS = {"int32": "int", "int64": "bigint", "float": "float", "double": "double"}


def texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values as trimmed text; null where they are null, empty or blank."""
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        made = [None if v is None else _json(v) for v in column.to_pylist()]
        return pa.chunked_array([pa.array(made, pa.string())])
    if pa.types.is_timestamp(kind):
        # Of a time zone only the instant is kept, in UTC as in the lake.
        column = column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.timestamp("us"))
    elif pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    text = pc.utf8_trim_whitespace(column.cast(pa.string()))
    return pc.if_else(pc.equal(text, ""), None, text)


def settled(schema: pa.Schema) -> dict[str, str]:
    """Spark SQL types of the columns whose text would not show them."""
    found = {}
    for column in schema:
        kind = spark_type(column.type)
        if kind.startswith(("array", "map", "date", "timestamp", "boolean", "decimal")):
            found[column.name] = kind
    return found


def spark_type(kind: pa.DataType) -> str:
    """The Spark SQL type of a contract that holds an Arrow type; nested others are text."""
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_date(kind):
        return "date"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = spark_type(kind.value_type)
        return f"array<{inner}>" if inner in ("string", *_NUMBERS.values()) else "string"
    if pa.types.is_map(kind):
        inner = spark_type(kind.item_type)
        return f"map<string,{inner}>" if inner in ("string", "bigint", "double") else "string"
    if pa.types.is_integer(kind):
        return "bigint" if kind.bit_width > 32 or str(kind) == "uint32" else "int"
    return _NUMBERS.get(str(kind), "string")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
