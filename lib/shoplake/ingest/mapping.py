"""Source mappings: `conf/sources/<shop>.yml` read strictly, every mistake told with its line."""

from __future__ import annotations

import re
from pathlib import Path

from shoplake.contracts.clauses import Problem
from shoplake.errors import MappingError
from shoplake.ingest.mapping_entities import parse_zone
from shoplake.ingest.mapping_files import parse_file_entry, parse_glob
from shoplake.ingest.mapping_model import ColumnMapping, EntityMapping, FileMapping, Mapping
from shoplake.ingest.yaml_clauses import Clause, parse_yaml

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
    mapping = _mapping(root, str(path), text) if root else None
    return mapping, sorted(problems, key=lambda p: p.line)


def _mapping(root: Clause, source: str, text: str) -> Mapping:
    keys = root.keys(_MAPPING_KEYS, required=("shop", "timezone", "files"))
    currency = _matching(
        keys.get("currency"), r"[A-Z]{3}", "a currency is three letters, as in GBP"
    )
    files = keys["files"].items() if "files" in keys else []
    if "files" in keys and not files:
        keys["files"].problem("no file is mapped; add one")
    parsed = tuple(parse_file_entry(clause, currency is not None) for clause in files)
    for clause, file in zip(files, parsed, strict=True):
        if [f.path for f in parsed].index(file.path) != parsed.index(file):
            clause.problem(f"the path '{file.path}' is mapped twice; join the two entries")
        if file.topic and [f.topic for f in parsed].index(file.topic) != parsed.index(file):
            clause.problem(f"the topic '{file.topic}' is mapped twice; give each entry its own")
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
        ignore=tuple(parse_glob(item) for item in keys["ignore"].items())
        if "ignore" in keys
        else (),
        source=source,
        text=text,
    )


def _matching(clause: Clause | None, pattern: str, remedy: str) -> str | None:
    value = clause.text() if clause else None
    if clause and value is not None and not re.fullmatch(pattern, value):
        clause.problem(f"'{value}' will not do; {remedy}")
    return value


def _whole(keys: dict[str, Clause], name: str, minimum: int, otherwise: int) -> int:
    return keys[name].whole(minimum, otherwise) if name in keys else otherwise
