"""Where in a contract's file a clause stands, so that a message can name the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shoplake.contracts.clauses import Lines
from shoplake.runtime.strict_yaml import read

_TABLE: dict[str, tuple[str | int, ...]] = {
    "version": ("version",),
    "status": ("status",),
    "table": ("schema", 0, "physicalName"),
    "description": ("schema", 0, "description"),
    "grain": ("schema", 0, "dataGranularityDescription"),
    "freshness": ("slaProperties",),
    "retention": ("slaProperties",),
    "columns": ("schema", 0, "properties"),
}
_COLUMN = {
    "type": "physicalType",
    "key_position": "primaryKey",
    "partition_position": "partitioned",
}
#: The clause of a column that a rule of this kind comes from.
_RULE = {
    "not_null": "required",
    "unique": "unique",
    "range": "logicalTypeOptions",
    "length": "logicalTypeOptions",
    "pattern": "logicalTypeOptions",
    "set": "enum",
    "reference": "relationships",
}
Step = str | int


class Places:
    """Lines of a contract file by clause; without a file, no clause has a place."""

    def __init__(self, source: str = "") -> None:
        self._source = source
        self._lines: Lines | None = None
        self._table: dict[str, Any] = {}
        if source and Path(source).is_file():
            text, data = read(Path(source))
            self._lines = Lines(text)
            self._table = data["schema"][0]

    def of(self, path: tuple[str, ...]) -> str | None:
        """`file:line` of a clause named as in `verdicts.Finding`, or None."""
        at = self._find(path) if self._lines else None
        if at is None or self._lines is None:
            return None
        return f"{self._source}:{self._lines.of(at)}"

    def line(self, rule: str, *below: str) -> int:
        """The line of a rule, or of a clause below it, as near as is known."""
        at = self._rule(rule) if self._lines else None
        return self._lines.of((*at, *below)) if self._lines and at else 1

    def _find(self, path: tuple[str, ...]) -> tuple[Step, ...] | None:
        if path[0] == "rules":
            return self._rule(path[1])
        column = self._column(path[0])
        if column is not None:
            return (*column, *(_COLUMN.get(p, p) for p in path[1:]))
        if len(path) > 1:
            return None
        if path[0] in _TABLE:
            return _TABLE[path[0]]
        return self._property(path[0])

    def _column(self, name: str) -> tuple[Step, ...] | None:
        for i, prop in enumerate(self._table.get("properties") or []):
            if prop.get("name") == name:
                return ("schema", 0, "properties", i)
        return None

    def _property(self, name: str) -> tuple[Step, ...]:
        head, *rest = name.split("_")
        wanted = head + "".join(word.capitalize() for word in rest)
        for i, custom in enumerate(self._table.get("customProperties") or []):
            if custom.get("property") == wanted:
                return ("schema", 0, "customProperties", i)
        if name in ("key", "partition_by"):
            flag = "primaryKey" if name == "key" else "partitioned"
            for i, prop in enumerate(self._table.get("properties") or []):
                if prop.get(flag):
                    return ("schema", 0, "properties", i, flag)
        return ("schema", 0)

    def _rule(self, name: str) -> tuple[Step, ...] | None:
        for i, quality in enumerate(self._table.get("quality") or []):
            if quality.get("name") == name:
                return ("schema", 0, "quality", i)
        for i, prop in enumerate(self._table.get("properties") or []):
            at: tuple[Step, ...] = ("schema", 0, "properties", i)
            for j, quality in enumerate(prop.get("quality") or []):
                if quality.get("name") == name:
                    return (*at, "quality", j)
            column = str(prop.get("name"))
            for kind, clause in _RULE.items():
                if name == f"{column}_{kind}" and clause in prop:
                    return (*at, clause)
        return None
