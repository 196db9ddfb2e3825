"""One entity of a mapping: which records feed it, and where each column comes from."""

from __future__ import annotations

import re
import zoneinfo

import yaml

from shoplake.ingest.entities import ENTITIES
from shoplake.ingest.mapping_model import ColumnMapping, EntityMapping
from shoplake.ingest.sql_static import sql_faults
from shoplake.ingest.time_patterns import pattern_fault
from shoplake.ingest.yaml_clauses import Clause, nearest

_SOURCES = ("column", "const", "sql")
_READINGS = ("timestamp", "scale", "values")
_KEYS = (*_SOURCES, *_READINGS, "float_id", "zone", "default")


def parse_entity(
    name: str, clause: Clause, header: tuple[str, ...], has_currency: bool
) -> EntityMapping:
    """Read one entry under `entities`.

    Args:
        name: a key of `ENTITIES`.
        clause: its keys.
        header: raw columns of the file.
        has_currency: the mapping has one for all.
    """
    keys = clause.keys(("where", "distinct", "columns"), required=("columns",))
    entity = ENTITIES[name]
    entries = keys["columns"].entries() if "columns" in keys else {}
    columns = []
    for column, value in entries.items():
        if column == "mentions":
            value.problem("'mentions' is counted, not mapped; remove it")
        elif column not in entity.columns:
            value.problem(f"{name} has no column '{column}'; {nearest(column, entity.columns)}")
        else:
            columns.append(parse_column(column, value, header, entity.words.get(column, ())))
    if "columns" in keys:
        given = {*entries, *(("currency",) if has_currency else ())}
        for column in entity.required:
            if column not in given:
                keys["columns"].problem(f"{name} cannot do without '{column}'; map it")
    where = keys["where"].text() if "where" in keys else None
    for fault in sql_faults(where, header) if where is not None else ():
        keys["where"].problem(fault)
    return EntityMapping(
        entity=name,
        columns=tuple(columns),
        where=where,
        distinct=keys["distinct"].boolean() if "distinct" in keys else False,
        line=clause.line,
    )


def parse_column(
    name: str, clause: Clause, header: tuple[str, ...], words: tuple[str, ...]
) -> ColumnMapping:
    """Read one entry under `columns`.

    Args:
        name: entity column.
        clause: a raw column's name, or keys.
        header: raw columns of the file.
        words: the only values that mean something in this column; () when any does.
    """
    if clause.is_null:
        clause.problem(f"'{name}' is empty; leave it out if the file does not say it")
        return ColumnMapping(name)
    keys = {"column": clause} if not _has_keys(clause) else clause.keys(_KEYS)
    _check_shape(clause, keys)
    column = keys["column"].text() if "column" in keys else None
    if column is not None and column not in header:
        keys["column"].problem(f"'{column}' is not in `columns`; {nearest(column, header)}")
    sql = keys["sql"].text() if "sql" in keys else None
    for fault in sql_faults(sql, header) if sql is not None else ():
        keys["sql"].problem(fault)
    const = keys["const"].text() if "const" in keys else None
    values = _values(keys["values"]) if "values" in keys else {}
    default = keys.get("default")
    chosen = {"const": const, "default": _default(default)}
    for key, value in chosen.items():
        _check_word(keys.get(key), value, words)
    for value in values.values():
        _check_word(keys["values"], value, words)
    return ColumnMapping(
        name=name,
        column=column,
        const=const,
        sql=sql,
        timestamp=_patterns(keys["timestamp"]) if "timestamp" in keys else (),
        zone=parse_zone(keys["zone"]) if "zone" in keys else None,
        float_id=keys["float_id"].boolean() if "float_id" in keys else False,
        scale=_scale(keys["scale"]) if "scale" in keys else None,
        values=values,
        default=chosen["default"],
        keeps_unlisted=default is None,
        line=clause.line,
    )


def parse_zone(clause: Clause) -> str:
    """A time zone's name, reported when there is no such zone."""
    zone = clause.text() or "UTC"
    known = zoneinfo.available_timezones()
    if zone not in known:
        clause.problem(f"unknown time zone '{zone}'; {_nearest_zone(zone, known)}")
        return "UTC"
    return zone


def _nearest_zone(zone: str, known: set[str]) -> str:
    told = nearest(zone, sorted(known))
    return told if told.startswith("did") else "write one such as Europe/London or UTC"


def _has_keys(clause: Clause) -> bool:
    return isinstance(clause.node, yaml.MappingNode)


def _check_shape(clause: Clause, keys: dict[str, Clause]) -> None:
    sources = [key for key in _SOURCES if key in keys]
    readings = [key for key in _READINGS if key in keys]
    if len(sources) != 1:
        said = " and ".join(sources) if sources else "none"
        clause.problem(f"it needs one of column, const or sql, and has {said}")
    if len(readings) > 1:
        clause.problem(f"{' and '.join(readings)} exclude each other; keep one")
    if "const" in keys and len(keys) > 1:
        clause.problem("a const is written as it is; remove the other keys")
    if "zone" in keys and "timestamp" not in keys:
        keys["zone"].problem("'zone' goes with 'timestamp'; add that, or remove it")


def _default(clause: Clause | None) -> str | None:
    return None if clause is None or clause.is_null else clause.text()


def _values(clause: Clause) -> dict[str, str | None]:
    return {key: None if v.is_null else v.text() for key, v in clause.entries().items()}


def _check_word(clause: Clause | None, value: str | None, words: tuple[str, ...]) -> None:
    if clause and value is not None and words and value not in words:
        clause.problem(f"'{value}' means nothing here; {nearest(value, words)}")


def _patterns(clause: Clause) -> tuple[str, ...]:
    items = clause.items()
    for item in items:
        fault = pattern_fault(item.text() or "")
        if fault:
            item.problem(f"timestamp pattern '{item.node.value}': {fault}")
    if isinstance(clause.node, yaml.SequenceNode) and not items:
        clause.problem("no pattern is given; write one such as 'yyyy-MM-dd HH:mm:ss'")
    return tuple(str(item.node.value) for item in items)


def _scale(clause: Clause) -> str | None:
    value = clause.text()
    # 9 digits leave room for 18.10 digits of the value in Spark's 38: the product stays exact.
    if value is None or not re.fullmatch(r"(?=.*[1-9])\d*\.?\d+", value) or _digits(value) > 9:
        clause.problem(f"'{value}' is no plain factor of up to 9 digits, such as 0.000001")
        return None
    return value


def _digits(value: str) -> int:
    whole, _, fraction = value.partition(".")
    return len(whole.lstrip("0")) + len(fraction)
