"""Files of data as pieces of Arrow tables, in bounded memory, as often as one asks."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.dataset as pads
import pyarrow.parquet as pq

from shoplake.contracts.draft.arrow import settled
from shoplake.contracts.draft.json_lines import json_lines
from shoplake.errors import SourceError

BATCH = 65_536
_SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}
_CSV = (".csv", ".tsv", ".txt", ".psv")
_JSON = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True)
class Source:
    """Something to profile.

    Attributes:
        name: for the drafted table, e.g. `orders`.
        shown: what it is called in messages.
        pieces: called anew for each pass; string columns are as written, null where empty.
        notes: what a reader should know of how it was read.
        types: Spark SQL types of columns whose type is settled.
    """

    name: str
    shown: str
    pieces: Callable[[], Iterator[pa.Table]]
    notes: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)


def open_files(paths: list[Path]) -> Source:
    """CSV (any of four separators), JSON lines or Parquet; compressed or not; all alike.

    Raises:
        SourceError: no file, of a kind that is not known, or not what its name says.
    """
    if not paths:
        raise SourceError("no file to profile", remedy="give a file, several, or a folder")
    for path in paths:
        if not path.is_file():
            raise SourceError("no such file", where=str(path))
    first = paths[0]
    stem, kind = _kind(first)
    shown = str(first) if len(paths) == 1 else f"{len(paths):,} files such as {first.name}"
    name = stem if len(paths) == 1 else first.parent.name
    if kind in _JSON:
        return Source(name, shown, lambda: _json(paths))
    if kind == ".parquet":
        data = parquet([str(p) for p in paths])
        for path in paths[1:]:
            _same(data.schema.names, pq.read_schema(path).names, first, path)
        return Source(name, shown, lambda: batches(data), types=settled(data.schema))
    if kind in _CSV:
        encodings = {path: _encoding(path) for path in paths}
        separator, header = _layout(first, encodings[first])
        for path in paths[1:]:
            _same(header, _layout(path, encodings[path])[1], first, path)
        notes = []
        if separator != ",":
            notes.append(f"fields are separated by {_SEPARATORS[separator]}")
        if set(encodings.values()) != {"utf-8"}:
            notes.append("not UTF-8: read as Latin-1")
        return Source(name, shown, lambda: _csv(paths, encodings, separator, header), tuple(notes))
    raise SourceError(
        f"cannot tell what kind of file '{first.name}' is",
        where=str(first),
        remedy=f"known: {', '.join((*_CSV, *_JSON, '.parquet'))}, also with .gz, .bz2 or .zst",
    )


def limited(pieces: Iterator[pa.Table], rows: int | None) -> Iterator[pa.Table]:
    """The first `rows` of them."""
    left = rows
    for piece in pieces:
        if left is None:
            yield piece
            continue
        if left <= 0:
            return
        yield piece.slice(0, left)
        left -= piece.num_rows


def _same(wanted: list[str], found: list[str], first: Path, path: Path) -> None:
    """Files that are profiled together are pieces of one table."""
    if wanted != found:
        raise SourceError(
            f"its columns are not those of {first.name}",
            where=str(path),
            remedy="profile files with one header together, others by themselves",
        )


def _kind(path: Path) -> tuple[str, str]:
    name = path.name.lower()
    for packed in (".gz", ".bz2", ".zst"):
        name = name.removesuffix(packed)
    stem, dot, kind = name.rpartition(".")
    return (stem, dot + kind) if dot else (name, "")


def _open(path: Path) -> IO[bytes]:
    return io.BufferedReader(pa.input_stream(str(path), compression="detect"))  # type: ignore[arg-type]


def _encoding(path: Path) -> str:
    """UTF-8 if the whole file is, else Latin-1, which reads anything."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with _open(path) as file:
        try:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8"


def _layout(path: Path, encoding: str) -> tuple[str, list[str]]:
    """The separator that gives most lines as many fields as the first one, and the header."""
    with _open(path) as file:
        text = file.read(1 << 18).decode(encoding, errors="replace").removeprefix("\ufeff")
    lines = io.StringIO("\n".join(text.splitlines()[:200]))
    best: tuple[float, str, list[str]] = (0, ",", [])
    for separator in _SEPARATORS:
        lines.seek(0)
        rows = [r for r in csv.reader(lines, delimiter=separator) if r]
        if rows and len(rows[0]) > 1:
            alike = sum(len(r) == len(rows[0]) for r in rows) / len(rows)
            best = max(best, (alike + len(rows[0]) / 1000, separator, rows[0]))
        elif rows and not best[2]:
            best = (0, separator, rows[0])
    if not best[2]:
        raise SourceError("the file is empty", where=str(path))
    return best[1], _named(best[2])


def _named(header: list[str]) -> list[str]:
    """A name for each column, none twice."""
    names: list[str] = []
    for i, raw in enumerate(header):
        name = raw.strip() or f"column_{i + 1}"
        while name in names:
            name += "_again"
        names.append(name)
    return names


def _csv(
    paths: list[Path], encodings: dict[Path, str], separator: str, header: list[str]
) -> Iterator[pa.Table]:
    text = dict.fromkeys(header, pa.string())
    for path in paths:
        skipped: list[int] = []

        def skip(row: Any, seen: list[int] = skipped) -> str:
            seen.append(row.number or 0)
            return "skip"

        with _open(path) as file:
            try:
                reader = pacsv.open_csv(
                    file,
                    pacsv.ReadOptions(
                        column_names=header,
                        skip_rows=1,
                        encoding=encodings[path],
                        block_size=1 << 23,
                    ),
                    pacsv.ParseOptions(
                        delimiter=separator, newlines_in_values=True, invalid_row_handler=skip
                    ),
                    pacsv.ConvertOptions(
                        column_types=text,
                        null_values=[""],
                        strings_can_be_null=True,
                        quoted_strings_can_be_null=True,
                    ),
                )
                for batch in reader:
                    yield pa.Table.from_batches([batch])
            except pa.ArrowInvalid as error:
                raise SourceError(f"not a CSV file: {error}", where=str(path)) from None


def _json(paths: list[Path]) -> Iterator[pa.Table]:
    for path in paths:
        with _open(path) as file:
            yield from json_lines(file, str(path), BATCH)


def parquet(files: list[str], schema: pa.Schema | None = None, base: str | None = None) -> Any:
    """An Arrow dataset of Parquet files, partitioned by `key=value` folders below `base`.

    Raises:
        SourceError: not Parquet.
    """
    try:
        return pads.dataset(
            files, schema=schema, format="parquet", partitioning="hive", partition_base_dir=base
        )
    except pa.ArrowInvalid as error:
        raise SourceError(f"not Parquet: {error}", where=files[0]) from None


def batches(data: Any) -> Iterator[pa.Table]:
    """A dataset in pieces."""
    for batch in data.to_batches(batch_size=BATCH):
        yield pa.Table.from_batches([batch])
