"""A table of a lake of folders as something to profile; its types are settled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from shoplake.contracts.draft.source import Source, batches, parquet

_TYPES = {"integer": "int", "long": "bigint", "short": "int", "byte": "int"}


def open_table(folder: Path, name: str) -> Source:
    """The newest version of the Delta table in `folder`; Spark is not started.

    Args:
        folder: of the table; name: `<schema>.<table>`.
    """
    table = DeltaTable(str(folder))
    fields = json.loads(table.schema().to_json())["fields"]
    types = {f["name"]: _spark(f["type"]) for f in fields}
    files = sorted(str(folder / path) for path in table.get_add_actions()["path"].to_pylist())
    shown = f"{name}, Delta version {table.version()}"
    if not files:
        empty = pa.table({n: pa.array([], pa.string()) for n in types})
        return Source(name.split(".")[1], shown, lambda: iter([empty]), types=types)
    data = parquet(files, base=str(folder))
    return Source(name.split(".")[1], shown, lambda: batches(data), types=types)


def _spark(kind: Any) -> str:
    if isinstance(kind, str):
        return _TYPES.get(kind, kind)
    if kind["type"] == "array":
        return f"array<{_spark(kind['elementType'])}>"
    if kind["type"] == "map":
        return f"map<{_spark(kind['keyType'])},{_spark(kind['valueType'])}>"
    inner = ",".join(f"{f['name']}:{_spark(f['type'])}" for f in kind["fields"])
    return f"struct<{inner}>"
