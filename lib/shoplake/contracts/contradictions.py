"""Clauses that another clause of the same contract makes meaningless: refused, not ignored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoplake.contracts.arguments import NO_TEXT

Path_ = tuple[str | int, ...]

#: What the standard's logical types may be kept as.
_KEPT_AS = {
    "string": ("string", "binary"),
    "boolean": ("boolean",),
    "integer": ("int", "bigint"),
    "number": ("int", "bigint", "float", "double", "decimal"),
    "date": ("date", "timestamp"),
    "timestamp": ("timestamp",),
    "array": ("array",),
    "object": ("map", "struct"),
}
_ORDERED = ("int", "bigint", "float", "double", "decimal", "date", "timestamp")
_POSITIONS = (("primaryKeyPosition", "primaryKey"), ("partitionKeyPosition", "partitioned"))


def contradictions(data: dict[str, Any]) -> Iterator[tuple[Path_, str]]:
    """(path, message) of each; the document fits the standard."""
    for t, table in enumerate(data.get("schema") or []):
        at: Path_ = ("schema", t)
        if table.get("physicalType", "table") != "table":
            yield (*at, "physicalType"), "every contract here is of a table"
        if table.get("logicalType", "object") != "object":
            yield (*at, "logicalType"), "a table's logical type is object"
        columns = table.get("properties") or []
        for i, column in enumerate(columns):
            yield from _of_column(column, (*at, "properties", i))
        for position, flag in _POSITIONS:
            yield from _positions(columns, position, flag, (*at, "properties"))


def _of_column(column: dict[str, Any], at: Path_) -> Iterator[tuple[Path_, str]]:
    kind = str(column.get("physicalType") or "").replace(" ", "")
    logical = column.get("logicalType")
    if logical is not None and not kind.startswith(_KEPT_AS.get(logical, ())):
        if logical not in _KEPT_AS:
            yield (*at, "logicalType"), f"'{logical}' is none of {', '.join(_KEPT_AS)}"
        else:
            yield (*at, "logicalType"), f"{logical} contradicts the physical type {kind}"
    options = column.get("logicalTypeOptions") or {}
    here = (*at, "logicalTypeOptions")
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.capitalize()}"
        if bound in options and exclusive in options:
            yield (*here, exclusive), f"there is a {bound} as well: write one of them"
        for name in (bound, exclusive):
            if name in options and not kind.startswith(_ORDERED):
                yield (*here, name), f"{kind} has no order: bounds are for numbers and times"
    for name in ("minLength", "maxLength", "pattern"):
        if name in options and kind.startswith(NO_TEXT):
            yield (*here, name), f"is for text, not for {kind}"
    told = {p.get("property"): p.get("value") for p in column.get("customProperties") or []}
    if column.get("required") and told.get("onBreach") == "warn":
        reason = "a required column can hold no null, so a null is more than a warning: write rules"
        yield (*at, "required"), f"{reason} that only warn under `quality`"
    if column.get("enum") == []:
        yield (*at, "enum"), "an empty set lets nothing in"
    for i, relation in enumerate(column.get("relationships") or []):
        if relation.get("type", "foreignKey") != "foreignKey":
            yield (*at, "relationships", i, "type"), "expected foreignKey"


def _positions(
    columns: list[dict[str, Any]], position: str, flag: str, at: Path_
) -> Iterator[tuple[Path_, str]]:
    seen: dict[object, str] = {}
    flagged = [c for c in columns if c.get(flag)]
    for i, column in enumerate(columns):
        here = (*at, i, position)
        if position in column and not column.get(flag):
            yield here, f"without `{flag}: true` it says nothing"
        elif column.get(flag) and len(flagged) > 1:
            place = column.get(position)
            if place is None:
                yield (*at, i, flag), f"several columns have it, so each needs a {position}"
            elif place in seen:
                yield here, f"{place} is the place of '{seen[place]}' already"
            seen[place] = str(column.get("name"))
