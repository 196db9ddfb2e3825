"""A property of the standard as a column, and the rules its clauses ask for."""

from __future__ import annotations

import re
from typing import Any

from open_data_contract_standard.model import CustomProperty, SchemaProperty

from shoplake.contracts.arguments import ClauseError, bound
from shoplake.contracts.model import Breach, Column, Rule

Path_ = tuple[str | int, ...]

_TYPE = re.compile(
    r"^(string|boolean|int|bigint|float|double|date|timestamp|binary|decimal\(\d+,\d+\)"
    r"|array<(string|int|bigint|float|double)>|map<string,(string|bigint|double)>"
    r"|array<struct<rule:string,column:string,value:string>>)$"
)


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
    low = options.get("minimum", options.get("exclusiveMinimum"))
    high = options.get("maximum", options.get("exclusiveMaximum"))
    if low is not None or high is not None:
        kind = (prop.physicalType or "").upper()
        quote = kind if kind in ("DATE", "TIMESTAMP") else None
        add(
            "range",
            minimum=None if low is None else bound(low, quote),
            maximum=None if high is None else bound(high, quote),
            exclusive_minimum="exclusiveMinimum" in options,
            exclusive_maximum="exclusiveMaximum" in options,
        )
    if "minLength" in options or "maxLength" in options:
        low, high = options.get("minLength"), options.get("maxLength")
        add(
            "length",
            minimum=None if low is None else str(low),
            maximum=None if high is None else str(high),
        )
    if "pattern" in options:
        try:
            re.compile(options["pattern"])
        except re.error as error:
            raise ClauseError(
                (*at, "logicalTypeOptions", "pattern"), f"not a pattern: {error}"
            ) from None
        add("pattern", pattern=options["pattern"])
    if prop.enum:
        add("set", allowed=tuple(str(e.value) for e in prop.enum))
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
        ClauseError: one is not known here.
    """
    for i, p in enumerate(properties or []):
        if p.property not in known:
            raise ClauseError(
                (*at, "customProperties", i),
                f"property '{p.property}' is not enforced; known: {', '.join(sorted(known))}",
            )
    return {str(p.property): p.value for p in properties or []}


def breach_of(properties: list[CustomProperty] | None, at: Path_) -> Breach | None:
    """What `onBreach` says, or None.

    Raises:
        ClauseError: it is no such word.
    """
    value = custom(properties, {"onBreach"}, at).get("onBreach")
    if value not in ("warn", "quarantine", "stop", None):
        raise ClauseError(
            (*at, "customProperties"), f"onBreach is warn, quarantine or stop, not '{value}'"
        )
    return value  # type: ignore[no-any-return]
