"""An Open Data Contract Standard 3 file into a typed Contract."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pydantic
import yaml
from open_data_contract_standard.model import (
    CustomProperty,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
)

from shoplake.contracts.clauses import Lines, Problem, dotted, refused
from shoplake.contracts.model import Column, Contract, Rule
from shoplake.errors import ContractError

Path_ = tuple[str | int, ...]

_TYPE = re.compile(
    r"^(string|boolean|int|bigint|float|double|date|timestamp|decimal\(\d+,\d+\)"
    r"|array<(string|int|bigint|float|double)>|map<string,(string|bigint|double)>"
    r"|array<struct<rule:string,column:string,value:string>>)$"
)
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_TABLE_PROPERTIES = {"sliceBy", "appendOnly"}


class _ClauseError(Exception):
    """One clause is wrong; carries where."""

    def __init__(self, path: Path_, message: str) -> None:
        self.path, self.message = path, message


def parse_contract(path: Path) -> tuple[Contract | None, list[Problem]]:
    """Read a contract file; every problem found is returned, none is raised.

    Returns:
        The contract, or None when there is a problem; and the problems with file, line and field.
    """
    text = path.read_text(encoding="utf-8")
    try:
        data = yaml.safe_load(text)
        lines = Lines(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return None, [Problem(str(path), mark.line + 1 if mark else 1, "(file)", str(error))]
    if not isinstance(data, dict):
        return None, [Problem(str(path), 1, "(file)", "expected a mapping")]

    def problem(at: Path_, message: str) -> Problem:
        return Problem(str(path), lines.of(at), dotted(at), message)

    found = [problem(at, message) for at, message in refused(data)]
    if found:
        return None, found
    try:
        document = OpenDataContractStandard(**data)
    except pydantic.ValidationError as error:
        return None, [problem(tuple(e["loc"]), e["msg"]) for e in error.errors()]
    try:
        return _contract(document, str(path)), []
    except _ClauseError as error:
        return None, [problem(error.path, error.message)]


def load_contract(path: Path) -> Contract:
    """As `parse_contract`.

    Raises:
        ContractError: listing every problem with file, line and field.
    """
    contract, problems = parse_contract(path)
    if contract is None:
        raise ContractError(
            "the contract is not valid", where="\n         ".join(map(str, problems))
        )
    return contract


def _contract(document: OpenDataContractStandard, source: str) -> Contract:
    if document.kind != "DataContract" or not str(document.apiVersion).startswith("v3."):
        raise _ClauseError(("apiVersion",), "expected kind DataContract with apiVersion v3.x")
    if not re.match(r"^\d+\.\d+\.\d+$", document.version or ""):
        raise _ClauseError(("version",), "expected a semantic version such as 1.0.0")
    if not document.schema_ or len(document.schema_) != 1:
        raise _ClauseError(("schema",), "expected exactly one table: one contract per table")
    table = document.schema_[0]
    at: Path_ = ("schema", 0)
    name = table.physicalName or ""
    if not re.match(r"^(bronze|silver|gold|governance)\.[a-z][a-z0-9_]*$", name):
        raise _ClauseError(
            (*at, "physicalName"), "expected <bronze|silver|gold|governance>.<table>"
        )
    if not table.properties:
        raise _ClauseError((*at, "properties"), "a table needs columns")
    columns, rules = [], []
    for i, prop in enumerate(table.properties):
        here = (*at, "properties", i)
        columns.append(_column(prop, here))
        rules += _column_rules(prop, here)
    extra = _custom(table.customProperties, _TABLE_PROPERTIES, at)
    names = [c.name for c in columns]
    for i, c in enumerate(names):
        if c in names[:i]:
            raise _ClauseError((*at, "properties", i), f"column '{c}' is there twice")
    slice_by = (
        tuple(str(extra.get("sliceBy", "")).replace(" ", "").split(","))
        if extra.get("sliceBy")
        else ()
    )
    for c in slice_by:
        if c not in names:
            raise _ClauseError((*at, "customProperties"), f"sliceBy names no column '{c}'")
    key = [
        c.name
        for c in sorted((c for c in columns if c.key_position), key=lambda c: c.key_position or 0)
    ]
    if key:
        rules.append(
            Rule("key_unique", "unique", tuple(key), description="the primary key is unique")
        )
    elif name.split(".")[0] != "governance":
        raise _ClauseError((*at, "properties"), "a table needs a primaryKey")
    rules += _row_rules(table, names, at)
    rule_names = [r.name for r in rules]
    for r in rule_names:
        if rule_names.count(r) > 1:
            raise _ClauseError((*at, "quality"), f"two rules are called '{r}'")
    freshness, element = _freshness(document, names)
    return Contract(
        table=name,
        version=document.version or "",
        description=(table.description or "").strip(),
        grain=table.dataGranularityDescription or "",
        columns=tuple(columns),
        rules=tuple(rules),
        slice_by=slice_by,
        append_only=bool(extra.get("appendOnly", False)),
        freshness=freshness,
        freshness_column=element,
        source=source,
    )


def _column(prop: SchemaProperty, at: Path_) -> Column:
    if not prop.name:
        raise _ClauseError(at, "a column needs a name")
    kind = (prop.physicalType or "").replace(" ", "")
    if not _TYPE.match(kind):
        raise _ClauseError(
            (*at, "physicalType"), f"'{prop.physicalType}' is not a supported Spark SQL type"
        )
    classification = prop.classification or "internal"
    if classification not in ("public", "internal", "pseudonym", "personal"):
        raise _ClauseError(
            (*at, "classification"), "expected public, internal, pseudonym or personal"
        )
    if prop.primaryKey and not prop.required:
        raise _ClauseError((*at, "primaryKey"), "a key column is required: write `required: true`")
    return Column(
        name=prop.name,
        type=kind,
        required=bool(prop.required),
        key_position=(prop.primaryKeyPosition or 1) if prop.primaryKey else None,
        partition_position=(prop.partitionKeyPosition or 1) if prop.partitioned else None,
        description=(prop.description or "").strip(),
        classification=classification,  # type: ignore[arg-type]
    )


def _column_rules(prop: SchemaProperty, at: Path_) -> list[Rule]:
    name = prop.name or ""
    breach = _custom(prop.customProperties, {"onBreach"}, at).get("onBreach", "quarantine")
    _check_breach(breach, at)
    rules: list[Rule] = []

    def add(kind: str, **arguments: Any) -> None:
        rules.append(Rule(f"{name}_{kind}", kind, (name,), breach, **arguments))  # type: ignore[arg-type]

    if prop.required:
        add("not_null")
    if prop.unique:
        add("unique")
    options = prop.logicalTypeOptions or {}
    low = options.get("minimum", options.get("exclusiveMinimum"))
    if low is not None or "maximum" in options:
        kind = (prop.physicalType or "").upper()
        quote = kind if kind in ("DATE", "TIMESTAMP") else None
        add(
            "range",
            minimum=None if low is None else _bound(low, quote),
            maximum=_bound(options["maximum"], quote) if "maximum" in options else None,
            exclusive_minimum="exclusiveMinimum" in options,
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
            raise _ClauseError(
                (*at, "logicalTypeOptions", "pattern"), f"not a pattern: {error}"
            ) from None
        add("pattern", pattern=options["pattern"])
    if prop.enum:
        add("set", allowed=tuple(str(e.value) for e in prop.enum))
    for i, relation in enumerate(prop.relationships or []):
        target = str(relation.to)
        match = re.match(r"^((?:bronze|silver|gold|governance)\.[a-z0-9_]+)\.([a-z0-9_]+)$", target)
        if not match:
            raise _ClauseError(
                (*at, "relationships", i), f"'{target}' is not <schema>.<table>.<column>"
            )
        add("reference", reference=(match[1], match[2]))
    return rules


def _bound(value: object, quote: str | None) -> str:
    return f"{quote} '{value}'" if quote else str(value)


def _row_rules(table: SchemaObject, names: list[str], at: Path_) -> list[Rule]:
    rules = []
    for i, quality in enumerate(table.quality or []):
        here = (*at, "quality", i)
        if quality.type != "custom" or quality.engine != "shoplake":
            raise _ClauseError((*here, "type"), "expected type custom with engine shoplake")
        if not quality.name or not isinstance(quality.implementation, str):
            raise _ClauseError(
                here, "a rule needs a name and an implementation (a Spark SQL condition)"
            )
        breach = _custom(quality.customProperties, {"onBreach"}, here).get("onBreach", "quarantine")
        _check_breach(breach, here)
        words = set(re.findall(r"[a-z_][a-z0-9_]*", re.sub(r"'[^']*'", "", quality.implementation)))
        used = tuple(n for n in names if n in words)
        if not used:
            raise _ClauseError(
                (*here, "implementation"), "the condition names no column of the table"
            )
        rules.append(
            Rule(
                quality.name,
                "row",
                used,
                breach,
                condition=quality.implementation,
                description=quality.description or "",
            )
        )
    return rules


def _freshness(
    document: OpenDataContractStandard, names: list[str]
) -> tuple[timedelta | None, str | None]:
    found: tuple[timedelta | None, str | None] = (None, None)
    for i, sla in enumerate(document.slaProperties or []):
        at: Path_ = ("slaProperties", i)
        if sla.property != "freshness":
            raise _ClauseError(
                (*at, "property"), f"'{sla.property}' is not enforced; known: freshness"
            )
        if sla.unit not in _UNITS or not isinstance(sla.value, int | float):
            raise _ClauseError((*at, "unit"), "expected a number with unit d, h or m")
        element = (sla.element or "").split(".")[-1]
        if element not in names:
            raise _ClauseError((*at, "element"), f"names no column of the table: '{sla.element}'")
        found = (timedelta(**{_UNITS[sla.unit]: sla.value}), element)
    return found


def _custom(properties: list[CustomProperty] | None, known: set[str], at: Path_) -> dict[str, Any]:
    for i, p in enumerate(properties or []):
        if p.property not in known:
            raise _ClauseError(
                (*at, "customProperties", i),
                f"property '{p.property}' is not enforced; known: {', '.join(sorted(known))}",
            )
    return {str(p.property): p.value for p in properties or []}


def _check_breach(value: object, at: Path_) -> None:
    if value not in ("warn", "quarantine", "stop"):
        raise _ClauseError(
            (*at, "customProperties"), f"onBreach is warn, quarantine or stop, not '{value}'"
        )
