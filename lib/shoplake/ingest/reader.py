"""A shop's folder to raw records: each file is taken whole or not at all, on any file system.

Files are read through Spark's `binaryFile` source, so that a laptop's folder, a volume and an
object store are the same thing, and parsed in Python, so that CSV means what Python's csv says.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import LongType, StringType, StructField, StructType

from shoplake.errors import SourceError
from shoplake.ingest.formats import parse_file
from shoplake.ingest.globs import glob_pattern
from shoplake.ingest.mapping_model import FileMapping, Mapping
from shoplake.ingest.records import EMPTY, FileError, whole_records

#: Spark hands a file over in one piece, in a batch that must stay below 2 GiB.
MAX_FILE_BYTES = 1 << 30
_BATCH_RECORDS = 10_000
_BATCH_CHARACTERS = 32 << 20

RECORD, FILE = "record", "file"
RECORDS = StructType(
    [
        StructField("kind", StringType(), nullable=False),
        StructField("entry", StringType(), nullable=False),
        StructField("file", StringType(), nullable=False),
        StructField("file_sha", StringType(), nullable=False),
        StructField("row", LongType(), nullable=False),
        StructField("record", StringType()),
        StructField("problem", StringType()),
    ]
)
ARROW = pa.schema(
    [(f.name, pa.int64() if f.dataType == LongType() else pa.string()) for f in RECORDS]
)


@dataclass(frozen=True)
class SourceFile:
    """A file in a shop's folder.

    Attributes:
        path: relative to the folder.
        location: as Spark names it.
        length: bytes.
        modified: as the file system says; 1970 for an empty file, of which Spark tells no time.
        mapping: the entry that claims it; None when none does.
    """

    path: str
    location: str
    length: int
    modified: datetime
    mapping: FileMapping | None


def list_files(spark: SparkSession, mapping: Mapping, root: Path | str) -> list[SourceFile]:
    """Every file below `root` but the ignored ones, by path; contents are not read.

    A file that no entry claims has `mapping` None. Names starting with '.' or '_' are not seen:
    they are how uploads in progress are named.

    Raises:
        SourceError: no such folder, a file that two entries claim, or an entry that is not
            optional and claims none.
    """
    base = _absolute(root)
    try:
        listing = (
            spark.read.format("binaryFile")
            .option("recursiveFileLookup", "true")
            .load(escaped(base))
        )
        told = listing.select("path", "length", "modificationTime").collect()
        # Rows leave out empty files, which must not go unnoticed.
        paths = {_relative(unquote(url), base): unquote(url) for url in listing.inputFiles()}
    except PySparkException as error:
        if "PATH_NOT_FOUND" not in str(error):
            raise
        raise SourceError(
            f"the data folder of shop {mapping.shop} does not exist",
            where=base,
            remedy="give the folder that holds the shop's files",
        ) from None
    ignored = [glob_pattern(glob) for glob in mapping.ignore]
    entries = [(glob_pattern(file.path), file) for file in mapping.files]
    found = {_relative(row[0], base): tuple(row) for row in told}
    files = []
    for path in sorted({*paths, *found}):
        if any(pattern.fullmatch(path) for pattern in ignored):
            continue
        location, length, modified = found.get(path) or (paths[path], 0, datetime(1970, 1, 1))
        files.append(SourceFile(path, location, length, modified, _claim(path, entries, mapping)))
    _check_found(mapping, files, base)
    return files


def read_files(spark: SparkSession, files: Sequence[SourceFile]) -> DataFrame:
    """The records of `files`, and one row about each file.

    Args:
        spark: the session.
        files: of `list_files`; unclaimed ones are passed over.

    Returns:
        kind: 'record' or 'file'.
        entry: path glob of the mapping's entry.
        file, file_sha: relative path, and SHA-256 of the bytes as they lie there; '' for a file of
            no bytes or too many, which is not read.
        row: of a record, its number in the file from 1; of a file, how many records it gave.
        record: JSON object, all values strings exactly as sent or null; null for a file.
        problem: why a record cannot be understood (it is then {"_line": raw text}), or why a file
            cannot be trusted (it then gives no record); null when all is well.
        Reading is repeated by every action: hold the frame (`Lake.held`) to use it twice.
    """
    claimed = [(file, file.mapping) for file in files if file.mapping is not None]
    fit = {f.location: (f.path, m) for f, m in claimed if 0 < f.length <= MAX_FILE_BYTES}
    # Spark passes over an empty file without a word, so it is told of here.
    unread = [
        (FILE, m.path, f.path, "", 0, None, _size_fault(f.length))
        for f, m in claimed
        if f.location not in fit
    ]
    told = spark.createDataFrame(unread, RECORDS)
    if not fit:
        return told

    def parse(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for location, content in zip(
                batch.column("path"), batch.column("content"), strict=True
            ):
                path, file = fit[location.as_py()]
                yield from _file_rows(path, file, content.as_py())

    contents = (
        spark.read.format("binaryFile")
        .option("recursiveFileLookup", "true")
        .load([escaped(location) for location in sorted(fit)])
        .select("path", "content")
    )
    records = contents.mapInArrow(parse, RECORDS)
    return records.unionByName(told) if unread else records


def _file_rows(path: str, file: FileMapping, content: bytes) -> Iterator[pa.RecordBatch]:
    sha = hashlib.sha256(content).hexdigest()
    fault, count = None, 0
    texts: list[str | None] = []
    problems: list[str | None] = []
    size = 0

    def batch(kind: str, first: int) -> pa.RecordBatch:
        n = len(texts)
        rows = range(first, first + n)
        columns = ([kind] * n, [file.path] * n, [path] * n, [sha] * n, rows, texts, problems)
        arrays = [pa.array(c, type=t) for c, t in zip(columns, ARROW.types, strict=True)]
        return pa.RecordBatch.from_arrays(arrays, schema=ARROW)

    try:
        for record in whole_records(lambda: parse_file(content, file)):
            texts.append(record.text)
            problems.append(record.problem)
            size += len(record.text)
            if len(texts) == _BATCH_RECORDS or size > _BATCH_CHARACTERS:
                yield batch(RECORD, count + 1)
                count, size = count + len(texts), 0
                texts, problems = [], []
    except FileError as error:
        fault = str(error)
    if texts:
        yield batch(RECORD, count + 1)
        count += len(texts)
    texts, problems = [None], [fault]
    yield batch(FILE, count)


def _size_fault(length: int) -> str:
    if length == 0:
        return EMPTY
    return f"{length:,} bytes are more than {MAX_FILE_BYTES:,}; split the file"


def _claim(
    path: str, entries: list[tuple[re.Pattern[str], FileMapping]], mapping: Mapping
) -> FileMapping | None:
    claims = [file for pattern, file in entries if pattern.fullmatch(path)]
    if len(claims) > 1:
        globs = " and ".join(f"'{file.path}' (line {file.line})" for file in claims)
        raise SourceError(
            f"two entries of the mapping claim '{path}': {globs}",
            where=mapping.source,
            remedy="make the globs exclude each other, or list the file under `ignore`",
        )
    return claims[0] if claims else None


def _check_found(mapping: Mapping, files: list[SourceFile], base: str) -> None:
    used = {file.mapping.path for file in files if file.mapping}
    missing = [f for f in mapping.files if not f.optional and f.path not in used]
    if missing:
        globs = ", ".join(f"'{file.path}' (line {file.line})" for file in missing)
        raise SourceError(
            f"no file matches {globs} of {mapping.source}",
            where=base,
            remedy="add the file, correct the glob, or write `optional: true` in its entry",
        )


def _absolute(root: Path | str) -> str:
    text = str(root)
    return (
        text.rstrip("/") if re.match(r"^[A-Za-z][A-Za-z0-9+.-]*:", text) else os.path.abspath(text)
    )


def _relative(location: str, base: str) -> str:
    """Spark adds a scheme (file:, dbfs:) that the caller need not write."""
    place, folder = (re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*:/*|^/+", "/", t) for t in (location, base))
    return place.removeprefix(folder).removeprefix("/")


def escaped(path: str) -> str:
    r"""`path` as a glob that matches only itself."""
    return re.sub(r"([*?\[\]{}\\])", r"\\\1", path)
