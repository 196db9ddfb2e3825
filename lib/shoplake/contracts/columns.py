"""A property of the standard as a column, and the rules its clauses ask for."""

from __future__ import annotations

import re
from typing import Any, get_args

from open_data_contract_standard.model import CustomProperty, SchemaProperty

from shoplake.contracts.limits import ClauseError, allowed, length_limits, limits, pattern
from shoplake.contracts.model import Breach, Column, Rule

Path_ = tuple[str | int, ...]

_TYPE = re.compile(
    r"^(string|boolean|int|bigint|float|double|date|timestamp|binary|decimal\(\d+,\d+\)"
    r"|array<(string|int|bigint|float|double)>|map<string,(string|bigint|double)>"
    r"|array<struct<rule:string,column:string,value:string>>)$"
)


#: Our bound: the standard's, of values and of lengths.
_BOUNDS = {
    "minimum": "minimum",
    "exclusive_minimum": "exclusiveMinimum",
    "maximum": "maximum",
    "exclusive_maximum": "exclusiveMaximum",
}
_LENGTHS = {"minimum": "minLength", "maximum": "maxLength"}


def column_of(prop: SchemaProperty, at: Path_) -> Column:
    """The typed column.

    Raises:
        ClauseError: a clause is wrong.
    """
    if not prop.name:
        raise ClauseError(at, "a column needs a name")
    kind = (prop.physicalType or "").replace(" ", "")
    if not _TYPE.match(kind):
        raise ClauseError(
            (*at, "physicalType"), f"'{prop.physicalType}' is not a supported Spark SQL type"
        )
    classification = prop.classification or "internal"
    if classification not in ("public", "internal", "pseudonym", "personal"):
        raise ClauseError(
            (*at, "classification"), "expected public, internal, pseudonym or personal"
        )
    if prop.primaryKey and not prop.required:
        raise ClauseError((*at, "primaryKey"), "a key column is required: write `required: true`")
    return Column(
        name=prop.name,
        type=kind,
        required=bool(prop.required),
        key_position=(prop.primaryKeyPosition or 1) if prop.primaryKey else None,
        partition_position=(prop.partitionKeyPosition or 1) if prop.partitioned else None,
        description=(prop.description or "").strip(),
        classification=classification,  # type: ignore[arg-type]
    )


def column_rules(prop: SchemaProperty, at: Path_) -> list[Rule]:
    """The rules of `required`, `unique`, `enum`, `logicalTypeOptions` and `relationships`.

    Raises:
        ClauseError: a clause is wrong.
    """
    name = prop.name or ""
    breach = breach_of(prop.customProperties, at) or "quarantine"
    rules: list[Rule] = []

    def add(kind: str, **arguments: Any) -> None:
        rules.append(Rule(f"{name}_{kind}", kind, (name,), breach, **arguments))  # type: ignore[arg-type]

    if prop.required:
        add("not_null")
    if prop.unique:
        add("unique")
    options = prop.logicalTypeOptions or {}
    here = (*at, "logicalTypeOptions")
    kind = (prop.physicalType or "").replace(" ", "")
    for rule, names in (("range", _BOUNDS), ("length", _LENGTHS)):
        given = {ours: options[theirs] for ours, theirs in names.items() if theirs in options}
        try:
            if given:
                add(rule, **(limits(given, kind) if rule == "range" else length_limits(given)))
        except ClauseError as error:
            raise ClauseError((*here, names[str(error.field[0])]), error.message) from None
    if "pattern" in options:
        add("pattern", pattern=pattern(options["pattern"], (*here, "pattern")))
    if prop.enum:
        add("set", allowed=allowed((e.value for e in prop.enum), kind, (*at, "enum")))
    for i, relation in enumerate(prop.relationships or []):
        target = str(relation.to)
        match = re.match(r"^((?:bronze|silver|gold|governance)\.[a-z0-9_]+)\.([a-z0-9_]+)$", target)
        if not match:
            raise ClauseError(
                (*at, "relationships", i), f"'{target}' is not <schema>.<table>.<column>"
            )
        add("reference", reference=(match[1], match[2]))
    return rules


def custom(properties: list[CustomProperty] | None, known: set[str], at: Path_) -> dict[str, Any]:
    """The custom properties by name.

    Raises:
        ClauseError: one is not known here, or there twice.
    """
    found: dict[str, Any] = {}
    for i, p in enumerate(properties or []):
        if p.property in found:
            raise ClauseError(
                (*at, "customProperties", i), f"property '{p.property}' is there twice; keep one"
            )
        if p.property not in known:
            raise ClauseError(
                (*at, "customProperties", i),
                f"property '{p.property}' is not enforced; known: {', '.join(sorted(known))}",
            )
        found[str(p.property)] = p.value
    return found


def breach_of(properties: list[CustomProperty] | None, at: Path_) -> Breach | None:
    """What `onBreach` says, or None.

    Raises:
        ClauseError: it is no such word.
    """
    value = custom(properties, {"onBreach"}, at).get("onBreach")
    if value is not None and str(value) not in get_args(Breach):
        raise ClauseError(
            (*at, "customProperties"), f"onBreach is warn, quarantine or stop, not '{value}'"
        )
    return value  # type: ignore[no-any-return]
