"""Which clauses of the standard are enforced, which only describe, and which are refused.

A contract is Open Data Contract Standard 3 YAML. A clause that this suite does not act on would be
decoration, so it is refused: the reader of a contract may rely on every line of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

#: Shown in the documentation and in errors; no behaviour is expected of them.
_DESCRIBES = {"id", "description", "tags", "businessName", "authoritativeDefinitions"}

ROOT = _DESCRIBES | {
    *("apiVersion", "kind", "name", "version", "status", "domain", "dataProduct"),
    *("schema", "slaProperties", "team", "support"),
}
TABLE = _DESCRIBES | {
    *("name", "physicalName", "physicalType", "logicalType", "dataGranularityDescription"),
    *("properties", "quality", "customProperties"),
}
COLUMN = _DESCRIBES | {
    *("name", "logicalType", "physicalType", "required", "primaryKey", "primaryKeyPosition"),
    *("partitioned", "partitionKeyPosition", "classification", "logicalTypeOptions", "enum"),
    *("relationships", "customProperties", "examples", "unique"),
}
OPTIONS = {"minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "pattern"}
QUALITY = {
    "name",
    "description",
    "type",
    "engine",
    "implementation",
    "customProperties",
    "dimension",
}
SLA = {"property", "value", "unit", "element", "description"}


@dataclass(frozen=True)
class Problem:
    """Something wrong with a file: `line` counts from 1, `field` is a dotted path."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.message}"


class Lines:
    """Line numbers of the fields of a YAML document, by their path."""

    def __init__(self, text: str) -> None:
        self._root = yaml.compose(text, Loader=yaml.SafeLoader)

    def of(self, path: tuple[str | int, ...]) -> int:
        """The line of the field at `path`, or of its nearest parent."""
        node, line = self._root, 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                pair = next(((k, v) for k, v in node.value if k.value == step), None)
                if pair is None:
                    break
                line, node = pair[0].start_mark.line + 1, pair[1]
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                node = node.value[step]
                line = node.start_mark.line + 1
            else:
                break
        return line


def dotted(path: tuple[str | int, ...]) -> str:
    """("schema", 0, "name") to `schema[0].name`."""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else str(step)
    return out or "(file)"


def refused(data: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(path, message) of every clause that is unknown to the standard's places we act on."""
    yield from _unknown(data, ROOT, ())
    for i, sla in enumerate(data.get("slaProperties") or []):
        yield from _unknown(sla, SLA, ("slaProperties", i))
    for t, table in enumerate(data.get("schema") or []):
        at: tuple[str | int, ...] = ("schema", t)
        yield from _unknown(table, TABLE, at)
        for q, quality in enumerate(table.get("quality") or []):
            yield from _unknown(quality, QUALITY, (*at, "quality", q))
        for c, column in enumerate(table.get("properties") or []):
            here = (*at, "properties", c)
            yield from _unknown(column, COLUMN, here)
            yield from _unknown(
                column.get("logicalTypeOptions") or {}, OPTIONS, (*here, "logicalTypeOptions")
            )


def _unknown(
    data: object, known: set[str], at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if not isinstance(data, dict):
        yield at, f"expected a mapping, got {type(data).__name__}"
        return
    for key in data:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            yield (*at, key), f"clause '{key}' is not enforced by Shoplake, so it is refused{hint}"
