"""Which clauses of the standard are enforced, which only describe, and which are refused.

A contract is Open Data Contract Standard 3 YAML. A clause that this suite does not act on would be
decoration, so it is refused: the reader of a contract may rely on every line of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from shoplake.runtime.strict_yaml import Loader


@dataclass(frozen=True)
class Place:
    """A mapping of the standard.

    Attributes:
        enforced: clauses that decide what happens, or are checked.
        describes: clauses for the reader of the contract and its documentation page.
        inside: the mappings (or lists of them) below a clause.
        kinds: another place for each value of `type`, where that decides.
    """

    enforced: frozenset[str]
    describes: frozenset[str] = frozenset()
    inside: Mapping[str, Place] = field(default_factory=dict)
    kinds: Mapping[str, Place] = field(default_factory=dict)

    @property
    def known(self) -> frozenset[str]:
        """All clauses that may stand here."""
        return self.enforced | self.describes


def _place(enforced: str, describes: str = "", **inside: Place) -> Place:
    return Place(frozenset(enforced.split()), frozenset(describes.split()), inside)


_DEFINITION = _place("", "id url type description")
_CUSTOM = _place("property value", "id description")
_SHOWN = {"authoritativeDefinitions": _DEFINITION}
_RULE = "name type customProperties"
_LIBRARY = _place(
    f"{_RULE} metric rule unit arguments mustBe mustNotBe mustBeBetween mustNotBeBetween "
    "mustBeGreaterThan mustBeGreaterOrEqualTo mustBeLessThan mustBeLessOrEqualTo",
    "id description dimension",
    customProperties=_CUSTOM,
)
_QUALITY = Place(
    frozenset(f"{_RULE} engine implementation".split()),
    frozenset({"id", "description", "dimension"}),
    {"customProperties": _CUSTOM},
    {"library": _LIBRARY},
)
_COLUMN = _place(
    "name logicalType physicalType required unique primaryKey primaryKeyPosition partitioned "
    "partitionKeyPosition classification logicalTypeOptions enum relationships quality "
    "customProperties description",
    "id businessName tags examples authoritativeDefinitions",
    logicalTypeOptions=_place(
        "minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern"
    ),
    enum=_place("value", "id label description"),
    relationships=_place("to type", "id"),
    quality=_QUALITY,
    customProperties=_CUSTOM,
    **_SHOWN,
)
_TABLE = _place(
    "physicalName physicalType logicalType properties quality customProperties description",
    "id name businessName tags dataGranularityDescription authoritativeDefinitions",
    properties=_COLUMN,
    quality=_QUALITY,
    customProperties=_CUSTOM,
    **_SHOWN,
)
_MEMBER = _place("username name role dateOut", "id description dateIn replacedByUsername tags")
#: A whole contract. What is in no place is refused.
ROOT = _place(
    "apiVersion kind version status schema slaProperties team",
    "id name description domain dataProduct tags support authoritativeDefinitions",
    schema=_TABLE,
    slaProperties=_place("property value unit element", "id description"),
    description=_place("", "usage purpose limitations"),
    # A mapping with members, or (before 3.1 of the standard) a list of them.
    team=_place(
        f"members {' '.join(sorted(_MEMBER.enforced))}",
        " ".join(sorted(_MEMBER.describes)),
        members=_MEMBER,
    ),
    support=_place("", "id channel url description tool scope invitationUrl"),
    **_SHOWN,
)


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
        self._root = yaml.compose(text, Loader=Loader)

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
    """(path, message) of every clause, at any depth, that nothing here acts on."""
    yield from _refused(data, ROOT, ())


def _refused(
    data: object, place: Place, at: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if not isinstance(data, dict):
        yield at, f"expected a mapping, got {type(data).__name__}"
        return
    place = place.kinds.get(str(data.get("type")), place)
    for key, value in data.items():
        if key not in place.known:
            near = difflib.get_close_matches(str(key), place.known, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            yield (*at, key), f"clause '{key}' is not enforced by Shoplake, so it is refused{hint}"
        elif key in place.inside and value is not None:
            below = place.inside[key]
            if isinstance(value, list):
                for i, each in enumerate(value):
                    yield from _refused(each, below, (*at, key, i))
            else:
                yield from _refused(value, below, (*at, key))
