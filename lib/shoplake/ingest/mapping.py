"""Source mappings: `conf/sources/<shop>.yml` read strictly, every mistake told with its line."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import cast, get_args

from shoplake.contracts.clauses import Problem
from shoplake.errors import MappingError
from shoplake.ingest.entities import ENTITIES
from shoplake.ingest.globs import glob_fault
from shoplake.ingest.mapping_columns import parse_column, parse_zone
from shoplake.ingest.mapping_model import (
    ColumnMapping,
    EntityMapping,
    FileMapping,
    Format,
    Mapping,
)
from shoplake.ingest.sql_static import sql_faults
from shoplake.ingest.yaml_clauses import Clause, nearest, parse_yaml

__all__ = [
    "ColumnMapping",
    "EntityMapping",
    "FileMapping",
    "Mapping",
    "check_mapping",
    "load_mapping",
    "mapping_error",
]

_MAPPING_KEYS = (
    "shop",
    "description",
    "timezone",
    "currency",
    "null_markers",
    "horizon_days",
    "history_length",
    "hold_back_files",
    "ignore",
    "files",
)
_FILE_KEYS = (
    "path",
    "format",
    "encoding",
    "delimiter",
    "quote",
    "escape",
    "optional",
    "columns",
    "entities",
)
_TEXT_FORMAT_KEYS = ("delimiter", "quote", "escape")


def load_mapping(path: Path | str) -> Mapping:
    """Read a mapping file.

    Raises:
        MappingError: listing every problem with its line, field and remedy.
    """
    mapping, problems = _read(Path(path))
    if problems or mapping is None:
        raise mapping_error(problems)
    return mapping


def check_mapping(path: Path | str) -> list[Problem]:
    """Every problem of a mapping file that can be found without Spark, by line."""
    return _read(Path(path))[1]


def mapping_error(problems: list[Problem]) -> MappingError:
    """The problems of one file as an error."""
    file = problems[0].file
    count = f"{len(problems)} problems" if len(problems) > 1 else "a problem"
    listed = "".join(f"\n  line {p.line}, {p.field}: {p.message}" for p in problems)
    return MappingError(
        f"the source mapping has {count}{listed}",
        where=file,
        remedy="correct the lines above; docs/bring-your-shop.md explains every key",
    )


def _read(path: Path) -> tuple[Mapping | None, list[Problem]]:
    problems: list[Problem] = []
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError:
        return None, [Problem(str(path), 1, "(file)", "there is no such file")]
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return None, [Problem(str(path), line, "(file)", "not UTF-8; save it as UTF-8")]
    root = parse_yaml(text, str(path), problems)
    mapping = _mapping(root, str(path)) if root else None
    return mapping, sorted(problems, key=lambda p: p.line)


def _mapping(root: Clause, source: str) -> Mapping:
    keys = root.keys(_MAPPING_KEYS, required=("shop", "timezone", "files"))
    currency = _matching(
        keys.get("currency"), r"[A-Z]{3}", "a currency is three letters, as in GBP"
    )
    files = keys["files"].items() if "files" in keys else []
    if "files" in keys and not files:
        keys["files"].problem("no file is mapped; add one")
    parsed = tuple(_file(clause, currency is not None) for clause in files)
    for clause, file in zip(files, parsed, strict=True):
        if [f.path for f in parsed].index(file.path) != parsed.index(file):
            clause.problem(f"the path '{file.path}' is mapped twice; join the two entries")
    return Mapping(
        shop=_matching(
            keys.get("shop"),
            r"[a-z][a-z0-9_]*",
            "a shop's name is lower case letters, digits and '_', as in my_shop",
        )
        or "",
        files=parsed,
        timezone=parse_zone(keys["timezone"]) if "timezone" in keys else "UTC",
        description=(keys["description"].text() or "") if "description" in keys else "",
        currency=currency,
        null_markers=keys["null_markers"].texts() if "null_markers" in keys else ("",),
        horizon_days=_whole(keys, "horizon_days", 1, 30),
        history_length=_whole(keys, "history_length", 1, 100),
        hold_back_files=_whole(keys, "hold_back_files", 0, 0),
        ignore=tuple(_glob(item) for item in keys["ignore"].items()) if "ignore" in keys else (),
        source=source,
    )


def _file(clause: Clause, has_currency: bool) -> FileMapping:
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
        path=_glob(keys["path"]) if "path" in keys else "",
        format=form,
        columns=columns,
        entities=tuple(
            _entity(name, entity, columns, has_currency)
            for name, entity in entities.items()
            if _is_entity(name, entity)
        ),
        encoding=_encoding(keys.get("encoding")),
        delimiter=_character(keys.get("delimiter"), "\t" if form == "tsv" else ",") or ",",
        quote=_character(keys.get("quote"), None if form == "tsv" else '"'),
        escape=_character(keys.get("escape"), None),
        optional=keys["optional"].boolean() if "optional" in keys else False,
        line=clause.line,
    )


def _is_entity(name: str, clause: Clause) -> bool:
    if name not in ENTITIES:
        clause.problem(f"there is no entity '{name}'; {nearest(name, ENTITIES)}")
    return name in ENTITIES


def _entity(
    name: str, clause: Clause, header: tuple[str, ...], has_currency: bool
) -> EntityMapping:
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


def _glob(clause: Clause) -> str:
    glob = clause.text() or ""
    fault = glob_fault(glob)
    if fault:
        clause.problem(f"'{glob}': {fault}")
    return glob


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


def _matching(clause: Clause | None, pattern: str, remedy: str) -> str | None:
    value = clause.text() if clause else None
    if clause and value is not None and not re.fullmatch(pattern, value):
        clause.problem(f"'{value}' will not do; {remedy}")
    return value


def _whole(keys: dict[str, Clause], name: str, minimum: int, otherwise: int) -> int:
    return keys[name].whole(minimum, otherwise) if name in keys else otherwise
