"""An Open Data Contract Standard 3 file into a typed Contract."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pydantic
from open_data_contract_standard.model import DataQuality, OpenDataContractStandard

from shoplake.contracts.clauses import Lines, Problem, dotted, refused
from shoplake.contracts.columns import breach_of, column_of, column_rules, custom
from shoplake.contracts.contradictions import contradictions
from shoplake.contracts.library import library_rule
from shoplake.contracts.limits import ClauseError, is_number
from shoplake.contracts.model import Column, Contract, Rule
from shoplake.contracts.quality import rule_of
from shoplake.errors import ContractError
from shoplake.runtime.strict_yaml import YamlError, read

Path_ = tuple[str | int, ...]

_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
#: The standard's; a lake runs under contracts that are active or, soon to end, deprecated.
_STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
#: No date lies further back, in any unit.
_LONGEST = 1_000_000
_TABLE_PROPERTIES = {"sliceBy", "appendOnly", "checkConstraints"}


def parse_contract(path: Path) -> tuple[Contract | None, list[Problem]]:
    """Read a contract file; every problem found is returned, none is raised.

    Returns:
        The contract, or None when there is a problem; and the problems with file, line and field.
    """
    try:
        text, data = read(path)
    except YamlError as error:
        return None, [Problem(str(path), error.line, "(file)", error.message)]
    lines = Lines(text)
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
        contract = _contract(document, str(path))
    except ClauseError as error:
        return None, [problem(error.field, error.message)]
    found = [problem(at, message) for at, message in contradictions(data)]
    return (None, found) if found else (contract, [])


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
        raise ClauseError(("apiVersion",), "expected kind DataContract with apiVersion v3.x")
    if not re.match(r"^\d+\.\d+\.\d+$", document.version or ""):
        raise ClauseError(("version",), "expected a semantic version such as 1.0.0")
    if document.status not in _STATUSES:
        raise ClauseError(("status",), f"expected one of {', '.join(_STATUSES)}")
    if not document.schema_ or len(document.schema_) != 1:
        raise ClauseError(("schema",), "expected exactly one table: one contract per table")
    table = document.schema_[0]
    at: Path_ = ("schema", 0)
    name = table.physicalName or ""
    if not re.match(r"^(bronze|silver|gold|governance)\.[a-z][a-z0-9_]*$", name):
        raise ClauseError((*at, "physicalName"), "expected <bronze|silver|gold|governance>.<table>")
    if not table.properties:
        raise ClauseError((*at, "properties"), "a table needs columns")
    columns, rules = [], []
    for i, prop in enumerate(table.properties):
        here = (*at, "properties", i)
        columns.append(column_of(prop, here))
        rules += column_rules(prop, here)
    extra = custom(table.customProperties, _TABLE_PROPERTIES, at)
    names = [c.name for c in columns]
    for i, c in enumerate(names):
        if c in names[:i]:
            raise ClauseError((*at, "properties", i), f"column '{c}' is there twice")
    slice_by = (
        tuple(str(extra.get("sliceBy", "")).replace(" ", "").split(","))
        if extra.get("sliceBy")
        else ()
    )
    for c in slice_by:
        if c not in names:
            raise ClauseError((*at, "customProperties"), f"sliceBy names no column '{c}'")
    append_only = extra.get("appendOnly", False)
    if not isinstance(append_only, bool):
        message = f"appendOnly is true or false, not {append_only!r}"
        raise ClauseError((*at, "customProperties"), message)
    constraints = extra.get("checkConstraints", "all")
    if constraints not in ("all", "stop"):
        message = f"checkConstraints is 'all' or 'stop', not '{constraints}'"
        raise ClauseError((*at, "customProperties"), message)
    key = [
        c.name
        for c in sorted((c for c in columns if c.key_position), key=lambda c: c.key_position or 0)
    ]
    if key:
        rules.append(
            Rule("key_unique", "unique", tuple(key), description="the primary key is unique")
        )
    elif name.split(".")[0] != "governance":
        raise ClauseError((*at, "properties"), "a table needs a primaryKey")
    known = {c.name: c for c in columns}
    for i, prop in enumerate(table.properties):
        rules += _quality_rules(prop.quality, known, (*at, "properties", i), prop.name)
    rules += _quality_rules(table.quality, known, at, None)
    for rule in rules:
        if rule.over == "table" and not append_only:
            message = (
                f"rule '{rule.name}': over: table is for an appendOnly table, whose batches add up"
            )
            raise ClauseError((*at, "quality"), message)
    rule_names = [r.name for r in rules]
    for r in rule_names:
        if rule_names.count(r) > 1:
            raise ClauseError((*at, "quality"), f"two rules are called '{r}'")
    promised = _promises(document, name, known)
    freshness, element = promised["freshness"]
    retention, retained_by = promised["retention"]
    return Contract(
        table=name,
        version=document.version or "",
        description=(table.description or "").strip(),
        grain=table.dataGranularityDescription or "",
        columns=tuple(columns),
        rules=tuple(rules),
        slice_by=slice_by,
        append_only=append_only,
        check_constraints=constraints,
        freshness=freshness,
        freshness_column=element,
        retention=retention,
        retention_column=retained_by,
        status=document.status or "active",
        owners=_owners(document),
        source=source,
    )


def _owners(document: OpenDataContractStandard) -> tuple[str, ...]:
    """Who is in the team as owner and has not left it; the standard has two forms of a team."""
    team = document.team
    members = (team if isinstance(team, list) else team.members if team else None) or []
    owners = [m for m in members if (m.role or "").casefold() == "owner" and not m.dateOut]
    return tuple(name for m in owners if (name := m.username or m.name))


def _quality_rules(
    entries: list[DataQuality] | None, columns: dict[str, Column], at: Path_, column: str | None
) -> list[Rule]:
    rules = []
    for i, quality in enumerate(entries or []):
        here = (*at, "quality", i)
        breach = breach_of(quality.customProperties, here)
        if quality.type == "library":
            with _within(here):
                rules.append(library_rule(quality, breach, columns, column))
            continue
        if quality.type != "custom" or quality.engine != "shoplake":
            raise ClauseError(
                (*here, "type"), "expected type library, or custom with engine shoplake"
            )
        if not quality.name or not quality.implementation:
            raise ClauseError(here, "a rule needs a name and an implementation")
        with _within((*here, "implementation")):
            rules.append(
                rule_of(
                    quality.name,
                    quality.implementation,
                    breach,
                    quality.description or "",
                    columns,
                )
            )
    return rules


@contextmanager
def _within(at: Path_) -> Iterator[None]:
    try:
        yield
    except ClauseError as error:
        raise ClauseError((*at, *error.field), error.message) from None


def _promises(
    document: OpenDataContractStandard, table: str, columns: dict[str, Column]
) -> dict[str, tuple[timedelta | None, str | None]]:
    """How old the newest row may be (freshness) and any row may get (retention), by a column."""
    found: dict[str, tuple[timedelta | None, str | None]] = {
        "freshness": (None, None),
        "retention": (None, None),
    }
    for i, sla in enumerate(document.slaProperties or []):
        at: Path_ = ("slaProperties", i)
        if sla.property not in found:
            raise ClauseError(
                (*at, "property"), f"'{sla.property}' is not enforced; known: {', '.join(found)}"
            )
        if found[sla.property] != (None, None):
            raise ClauseError((*at, "property"), f"'{sla.property}' is there twice")
        if sla.unit not in _UNITS:
            raise ClauseError((*at, "unit"), "expected a number with unit d, h or m")
        value: object = sla.value
        if not is_number(value) or not 0 < value < _LONGEST:
            message = f"expected a number above 0 and below {_LONGEST:,}, got {value!r}"
            raise ClauseError((*at, "value"), message)
        age = timedelta(**{_UNITS[sla.unit]: value})
        owner, _, element = (sla.element or "").rpartition(".")
        if element not in columns or owner not in ("", table, table.partition(".")[2]):
            raise ClauseError((*at, "element"), f"names no column of the table: '{sla.element}'")
        if columns[element].type not in ("timestamp", "date"):
            raise ClauseError((*at, "element"), f"'{element}' is no time")
        found[sla.property] = (age, element)
    return found
