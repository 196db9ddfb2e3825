"""An erased person's records out of raw files that lie in the lake; the shop's own are the shop's.

A file is put back by one rename, without the person's records and with their values masked in other
records. `governance.files` is told of the new bytes before, so that ingest never takes the file for
a new one: killed in between, the same bytes are made again.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shoplake.errors import SourceError
from shoplake.governance.erasure.suppress import normal_id
from shoplake.ingest.globs import glob_pattern
from shoplake.ingest.mapping_model import FileMapping, Mapping
from shoplake.ingest.records import GZIP, FileError, lines
from shoplake.ingest.registry import FileRegistry
from shoplake.ingest.shop.planters import WEAK

Clean = Callable[[str], str]


@dataclass(frozen=True)
class Whom:
    """Whose records: the ids in this shop, and what masks their values in other records."""

    ids: frozenset[str]
    id_names: frozenset[str]
    clean: Clean


def withdraw(
    mapping: Mapping, root: Path, path: Path, whom: Whom, registry: FileRegistry | None
) -> tuple[int, int] | None:
    """Rewrite one raw file without a person.

    Args:
        mapping: the shop's.
        root: the shop's folder, in the lake.
        path: a file below it.
        whom: the person.
        registry: of the shop; None where nothing was ever ingested.

    Returns:
        Records removed and masked, or None when no entry of the mapping claims the file.

    Raises:
        SourceError: the file cannot be read as the mapping says.
    """
    name = path.relative_to(root).as_posix()
    entry = next((f for f in mapping.files if glob_pattern(f.path).fullmatch(name)), None)
    if entry is None:
        return None
    try:
        content = path.read_bytes()
        made = _parquet(content, entry, whom) if entry.format == "parquet" else None
        made = made or _text(content, entry, whom)
    except (FileError, csv.Error, pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise SourceError(
            f"a raw file cannot be rewritten: {error}",
            where=str(path),
            remedy="remove the person's records from it by hand, then erase again",
        ) from None
    if made.content == content:
        return 0, 0
    if registry is not None:
        old, new = (hashlib.sha256(c).hexdigest() for c in (content, made.content))
        registry.rewritten(name, old, new, len(made.content), made.kept)
    if mapping.shop == "builtin":
        _truth(root.parent, path.relative_to(root).parts[0], made.removed)
    replace(path, made.content)
    return len(made.removed), made.masked


@dataclass(frozen=True)
class _Rewritten:
    content: bytes
    removed: list[dict[str, str]]
    masked: int
    kept: int


def _text(content: bytes, entry: FileMapping, whom: Whom) -> _Rewritten:
    removed, masked, kept, out = [], 0, 0, []
    for text, record in _records(content, entry):
        if record is not None and _is_theirs(record, entry, whom):
            removed.append(record)
            continue
        cleaned = whom.clean(text)
        masked += cleaned != text
        kept += record is not None
        out.append(cleaned)
    data = "".join(out).encode(entry.encoding)
    packed = content.startswith(GZIP)
    if (gzip.decompress(content) if packed else content).startswith(codecs.BOM_UTF8):
        data = codecs.BOM_UTF8 + data.removeprefix(codecs.BOM_UTF8)
    if not removed and not masked:
        data, packed = content, False
    return _Rewritten(gzip.compress(data, 6, mtime=0) if packed else data, removed, masked, kept)


def _records(content: bytes, entry: FileMapping) -> Iterator[tuple[str, dict[str, str] | None]]:
    """(text as sent, record or None for a header and what cannot be read)."""
    if entry.format == "jsonl":
        for line in lines(content, entry):
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            known = isinstance(value, dict)
            yield line, {k: str(v) for k, v in value.items() if v is not None} if known else None
        return
    drawn: list[str] = []

    def tape() -> Iterator[str]:
        for line in lines(content, entry):
            drawn.append(line)
            yield line

    reader = csv.reader(
        tape(),
        delimiter=entry.delimiter,
        quotechar=entry.quote,
        quoting=csv.QUOTE_NONE if entry.quote is None else csv.QUOTE_MINIMAL,
        escapechar=entry.escape,
    )
    header: list[str] | None = None
    for fields in reader:
        text = "".join(drawn)
        drawn.clear()
        record = header is not None and len(fields) == len(header)
        yield text, dict(zip(header or [], fields, strict=False)) if record else None
        header = header or fields


def _is_theirs(record: dict[str, str], entry: FileMapping, whom: Whom) -> bool:
    named = {
        c.column for e in entry.entities for c in e.columns if c.name == "person_id" and c.column
    }
    names = named | whom.id_names
    return any(normal_id(record[n]) in whom.ids for n in names if n in record)


def _parquet(content: bytes, entry: FileMapping, whom: Whom) -> _Rewritten:
    table = pq.read_table(io.BytesIO(content))
    keep, removed = [], []
    for row in table.to_pylist():
        record = {k: str(v) for k, v in row.items() if v is not None}
        keep.append(not _is_theirs(record, entry, whom))
        if not keep[-1]:
            removed.append(record)
    table = table.filter(pa.array(keep, pa.bool_()))
    masked = 0
    for index, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            old = table.column(index).to_pylist()
            new = [v if v is None else whom.clean(v) for v in old]
            masked += sum(a != b for a, b in zip(old, new, strict=True))
            table = table.set_column(index, field, pa.array(new, field.type))
    if not removed and not masked:
        return _Rewritten(content, [], 0, len(keep))
    out = io.BytesIO()
    pq.write_table(table, out)
    return _Rewritten(out.getvalue(), removed, masked, len(table))


def _truth(lake: Path, entity: str, removed: list[dict[str, str]]) -> None:
    """What the built-in shop planted in records that are no more, out of its truth."""
    if entity not in WEAK:
        return
    gone = {"/".join(r.get(c, "") for c in WEAK[entity].key) for r in removed}
    for path in sorted((lake / "truth").rglob("*.jsonl")) if gone else ():
        old = path.read_text().splitlines(keepends=True)
        new = [line for line in old if not _tells_of(json.loads(line), entity, gone)]
        if new != old:
            replace(path, "".join(new).encode())


def _tells_of(line: dict[str, str], entity: str, gone: set[str]) -> bool:
    return line.get("entity") == entity and line.get("natural_id") in gone


def replace(path: Path, content: bytes) -> None:
    """Put `content` in the file's place by one rename; a checksum beside it goes."""
    path = path.resolve()  # What a link leads to is rewritten, not the link.
    made = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with made.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
    made.replace(path)
