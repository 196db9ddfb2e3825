"""Databricks' SQL of arrays in DataFusion's spelling: what `runtime.datafusion` does with them."""

from __future__ import annotations

from typing import Any

from sqlglot import expressions as exp

from shoplake.runtime.datafusion_times import whole


def part(self: Any, e: exp.ArraySlice) -> str:
    """`slice`: Spark gives a start and a length, DataFusion takes a start and an end."""
    start, length = whole(e.args.get("start")), whole(e.args.get("end"))
    if start is None or length is None or start == 0 or length < 0:
        self.unsupported("slice but by written numbers")
        return ""
    end = start + length - 1
    if length == 0 or (start < 0 <= end):
        end = start - 1 if length == 0 else -1
    return f"array_slice({self.sql(e.this)}, {start}, {end})"


def ordered(self: Any, e: exp.ArraySort) -> str:
    """`sort_array` and `array_sort`, which put nulls at different ends."""
    order = "DESC" if e.args.get("asc") == exp.false() else "ASC"
    nulls = "FIRST" if e.args.get("nulls_first") == exp.true() else "LAST"
    return f"array_sort({self.sql(e.this)}, '{order}', 'NULLS {nulls}')"


def position(self: Any, e: exp.ArrayPosition) -> str:
    """`array_position`: 0 where there is none, null where the array or the value is."""
    of, value = self.sql(e.this), self.sql(e.expression)
    found = f"coalesce(array_position({of}, {value}), 0)"
    return f"CASE WHEN {of} IS NULL OR {value} IS NULL THEN NULL ELSE {found} END"


def series(self: Any, e: exp.GenerateSeries) -> str:
    """`sequence`: without a step it goes down where the end is below the start."""
    start, end, step = (self.sql(e.args.get(k)) for k in ("start", "end", "step"))
    step = step or f"CASE WHEN {start} > {end} THEN -1 ELSE 1 END"
    return f"generate_series({start}, {end}, {step})"


def different(self: Any, e: exp.ArrayUniqueAgg) -> str:
    """`collect_set`."""
    of = self.sql(e.this)
    return f"array_agg(DISTINCT {of}) FILTER (WHERE {of} IS NOT NULL)"


def field(self: Any, e: exp.Dot) -> str:
    """A field of a struct that an expression makes."""
    return f"({self.sql(e.this)})[{self.sql(exp.Literal.string(e.expression.name))}]"
