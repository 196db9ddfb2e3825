"""Ids and telephone numbers that are stored as numbers, which no search of bytes can see."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shoplake.governance.erasure.values import Value

#: A telephone number has at most 15 digits (ITU-T E.164); with or without its country, it ends in
#: the same ones.
_ENDING, _LONGEST = 9, 15
_STORED = ("INT32", "INT64", "FLOAT", "DOUBLE")


class Numbers:
    """The values of a subject that can be a number, and whether cells hold one.

    Args:
        values: of the subject; those that are weak count only where the caller says that the column
            can hold a person's id.
    """

    def __init__(self, values: Iterable[Value]) -> None:
        self._strong: dict[str, Value] = {}
        self._weak: dict[str, Value] = {}
        self._endings: dict[str, Value] = {}
        for value in values:
            text = value.text.strip()
            digits = re.sub(r"\D", "", text)
            if value.is_strong and value.kind == "phone" and len(digits) >= _ENDING:
                self._endings[digits[-_ENDING:]] = value
            elif text.isascii() and text.isdigit():
                if value.is_strong:
                    self._strong[str(int(text))] = value
                elif value.is_weak_id and not text.startswith("0"):
                    self._weak[text] = value
        least = [int(t) for t in (*self._strong, *self._endings)]
        self._least = min(least, default=None)

    def can_be_in(self, parquet: pq.ParquetFile, index: int) -> bool:
        """Whether a column of a Parquet file has numbers as great as the strong values."""
        column = parquet.schema.column(index)
        if self._least is None or not _is_number(column):
            return False
        groups = range(parquet.metadata.num_row_groups)
        chunks = (parquet.metadata.row_group(g).column(index) for g in groups)
        return any(_greatest(chunk, column) >= self._least for chunk in chunks)

    def first(self, cells: pa.Array, *, is_id: bool) -> Value | None:
        """A value that one of the cells is; `is_id` if they can hold a person's id."""
        texts = _written(cells)
        if texts is None:
            return None
        known = self._strong | (self._weak if is_id else {})
        found = pc.indices_nonzero(pc.is_in(texts, pa.array(list(known), pa.string())))
        if len(found):
            return known[texts[found[0].as_py()].as_py()]
        if not self._endings:
            return None
        whole = pc.utf8_lpad(texts, _ENDING, "0")
        regex = rf"^\d{{0,{_LONGEST - _ENDING}}}(?:{'|'.join(self._endings)})$"
        found = pc.indices_nonzero(pc.match_substring_regex(whole, regex))
        return self._endings[whole[found[0].as_py()].as_py()[-_ENDING:]] if len(found) else None


def _is_number(column: Any) -> bool:
    kind, stored = column.logical_type.type, column.physical_type
    return kind == "DECIMAL" or (kind in ("NONE", "INT") and stored in _STORED)


def _greatest(chunk: pq.ColumnChunkMetaData, column: Any) -> float:
    """The greatest number of a column chunk; infinite where its statistics do not say."""
    known = chunk.statistics
    if known is None or not known.has_min_max:
        is_empty = known is not None and known.has_null_count
        return -math.inf if is_empty and known.null_count == chunk.num_values else math.inf
    if column.logical_type.type == "DECIMAL":
        # Of one that is stored as an integer, Arrow gives the statistics as they are written only.
        is_integer = column.physical_type in _STORED
        return float(known.max_raw) / 10**column.scale if is_integer else float(known.max)
    return math.inf if math.isnan(known.max) else float(known.max)


def _written(cells: pa.Array) -> pa.Array | None:
    """Whole numbers in digits, whatever type they have; None for cells of another type."""
    kind = cells.type
    if pa.types.is_integer(kind):
        return cells.cast(pa.string())
    if pa.types.is_floating(kind):
        numbers = cells.cast(pa.float64())
        # Beyond 2^53 a float is no id: it does not tell it from the next.
        is_whole = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), 2.0**53))
        return numbers.filter(is_whole).cast(pa.int64()).cast(pa.string())
    if pa.types.is_decimal(kind):
        return pc.replace_substring_regex(cells.cast(pa.string()), r"\.0*$", "")
    return None
