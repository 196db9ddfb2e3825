"""One kind of file of a mapping: where it lies, how it is read, and what it feeds."""

from __future__ import annotations

import codecs
import re
from typing import cast, get_args

from shoplake.ingest.entities import ENTITIES
from shoplake.ingest.globs import glob_fault
from shoplake.ingest.mapping_entities import parse_entity
from shoplake.ingest.mapping_model import FileMapping, Format
from shoplake.ingest.yaml_clauses import Clause, nearest

_FILE_KEYS = (
    "path",
    "format",
    "encoding",
    "delimiter",
    "quote",
    "escape",
    "optional",
    "topic",
    "columns",
    "entities",
)
_TEXT_FORMAT_KEYS = ("delimiter", "quote", "escape")


def parse_file_entry(clause: Clause, has_currency: bool) -> FileMapping:
    """Read one entry under `files`; `has_currency`: orders need not map theirs."""
    keys = clause.keys(_FILE_KEYS, required=("path", "format", "columns", "entities"))
    form = _format(keys)
    columns = _header(keys.get("columns"))
    entities = keys["entities"].entries() if "entities" in keys else {}
    if "entities" in keys and not entities:
        keys["entities"].problem("the file feeds no entity; add one, or list it under `ignore`")
    for name in _TEXT_FORMAT_KEYS:
        if name in keys and form not in ("csv", "tsv"):
            keys[name].problem(f"'{name}' has no meaning in {form}; remove it")
    return FileMapping(
        path=parse_glob(keys["path"]) if "path" in keys else "",
        format=form,
        columns=columns,
        entities=tuple(
            parse_entity(name, entity, columns, has_currency)
            for name, entity in entities.items()
            if _is_entity(name, entity)
        ),
        encoding=_encoding(keys.get("encoding")),
        delimiter=_character(keys.get("delimiter"), "\t" if form == "tsv" else ",") or ",",
        quote=_character(keys.get("quote"), None if form == "tsv" else '"'),
        escape=_character(keys.get("escape"), None),
        optional=keys["optional"].boolean() if "optional" in keys else False,
        topic=_topic(keys.get("topic")),
        line=clause.line,
    )


def parse_glob(clause: Clause) -> str:
    """A file glob, reported when it can match nothing."""
    glob = clause.text() or ""
    fault = glob_fault(glob)
    if fault:
        clause.problem(f"'{glob}': {fault}")
    return glob


def _is_entity(name: str, clause: Clause) -> bool:
    if name not in ENTITIES:
        clause.problem(f"there is no entity '{name}'; {nearest(name, ENTITIES)}")
    return name in ENTITIES


def _format(keys: dict[str, Clause]) -> Format:
    known = get_args(Format)
    given = keys["format"].text() if "format" in keys else "csv"
    if given is not None and given not in known:
        keys["format"].problem(f"unknown format '{given}'; {nearest(given, known)}")
    return cast(Format, given if given in known else "csv")


def _header(clause: Clause | None) -> tuple[str, ...]:
    columns = clause.texts() if clause else ()
    seen: dict[str, str] = {}
    for column in columns:
        other = seen.setdefault(column.lower(), column)
        if clause and other is not column:
            same = "is listed twice" if other == column else f"differs from '{other}' only in case"
            clause.problem(f"'{column}' {same}; SQL cannot tell them apart, list one of them")
    if clause and not columns:
        clause.problem("no column is listed; write the names that the file must have")
    return columns


def _encoding(clause: Clause | None) -> str:
    name = (clause.text() if clause else None) or "utf-8"
    try:
        # A codec such as 'hex' is known to Python but does not give text.
        "".encode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        if clause:
            known = ("utf-8", "latin-1", "cp1252", "utf-16", "gb18030", "mac_roman")
            clause.problem(f"unknown encoding '{name}'; {nearest(name, known)}")
        return "utf-8"


def _topic(clause: Clause | None) -> str | None:
    name = clause.text() if clause else None
    if clause and name is not None and not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name):
        clause.problem(f"'{name}' is no name of a topic: letters, digits, '.', '_' and '-'")
    return name


def _character(clause: Clause | None, otherwise: str | None) -> str | None:
    if clause is None:
        return otherwise
    if clause.is_null:
        return None
    value = clause.text()
    if value is None or len(value) != 1 or value in "\r\n":
        clause.problem(f'expected one character, got {value!r}; a tab is written "\\t"')
        return otherwise
    return value
