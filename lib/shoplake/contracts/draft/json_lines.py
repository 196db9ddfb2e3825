"""JSON lines as tables of text."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa

from shoplake.errors import SourceError


def json_lines(file: IO[bytes], shown: str, batch: int) -> Iterator[pa.Table]:
    """An object a line, in tables of `batch` rows; values as CSV would have them.

    Raises:
        SourceError: a line is no JSON object.
    """
    rows: list[dict[str, Any]] = []
    for number, line in enumerate(io.TextIOWrapper(file, encoding="utf-8-sig"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise SourceError(f"not JSON lines: {error}", where=f"{shown}:{number}") from None
        if not isinstance(row, dict):
            raise SourceError("a line holds no object", where=f"{shown}:{number}")
        rows.append(row)
        if len(rows) == batch:
            yield _table(rows)
            rows = []
    if rows:
        yield _table(rows)


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pa.table({n: pa.array([_text(row.get(n)) for row in rows], pa.string()) for n in names})


def _text(value: Any) -> str | None:
    """Nested values are JSON."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
