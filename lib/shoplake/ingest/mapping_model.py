"""A source mapping, typed: which files a shop sends and how their records become entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Format = Literal["csv", "tsv", "jsonl", "parquet"]


@dataclass(frozen=True)
class ColumnMapping:
    """Where one entity column comes from; exactly one of `column`, `const`, `sql` is set.

    Attributes:
        name: the entity column.
        column: raw column.
        const: the same text for every record.
        sql: Spark SQL expression over the raw columns, which are strings.
        timestamp: patterns tried in order; `epoch_seconds` and `epoch_millis` are two of them.
        zone: zone of local times, when it is not the mapping's.
        float_id: '17850.0' is the id '17850'.
        scale: exact decimal factor, e.g. '0.000001'.
        values: spelling in the file -> canonical spelling.
        default: what stands in for no value and, with `values`, for a value not listed.
        keeps_unlisted: False once a default, even null, is given.
        line: line in the mapping file.
    """

    name: str
    column: str | None = None
    const: str | None = None
    sql: str | None = None
    timestamp: tuple[str, ...] = ()
    zone: str | None = None
    float_id: bool = False
    scale: str | None = None
    values: dict[str, str | None] = field(default_factory=dict)
    default: str | None = None
    keeps_unlisted: bool = True
    line: int = 0


@dataclass(frozen=True)
class EntityMapping:
    """How records of a file become rows of one bronze table.

    Attributes:
        entity: bronze table without its schema.
        columns: the columns that are filled; the others are null.
        where: Spark SQL condition that routes a record here; None takes every record.
        distinct: rows of a file that say the same, whenever they say it, collapse to the first.
        line: line in the mapping file.
    """

    entity: str
    columns: tuple[ColumnMapping, ...]
    where: str | None = None
    distinct: bool = False
    line: int = 0


@dataclass(frozen=True)
class FileMapping:
    """One kind of file.

    Attributes:
        path: glob relative to the shop's folder; unique within a mapping.
        columns: names that the header (csv, tsv) or schema (parquet) must have; keys of jsonl.
        delimiter, quote, escape: single characters of csv and tsv; None: none is used.
        topic: Kafka topic whose messages are records of this kind, as JSON objects.
    """

    path: str
    format: Format
    columns: tuple[str, ...]
    entities: tuple[EntityMapping, ...]
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    optional: bool = False
    topic: str | None = None
    line: int = 0

    def entity(self, name: str) -> EntityMapping:
        """The mapping to one entity; KeyError when the file does not feed it."""
        return {e.entity: e for e in self.entities}[name]


@dataclass(frozen=True)
class Mapping:
    """A shop's mapping (`conf/sources/<shop>.yml`).

    Attributes:
        shop: name and id namespace.
        timezone: zone of local times in the files.
        currency: of orders, products that do not say theirs.
        null_markers: values that mean there is none; compared without surrounding spaces.
        horizon_days: how far ahead labels and evaluation look.
        history_length: H of `gold.training_examples`.
        hold_back_files: newest files kept for the second cycle of `shoplake run`.
        ignore: globs of files that are left alone on purpose.
        source: path of the mapping file.
        text: what the file said when it was read.
    """

    shop: str
    files: tuple[FileMapping, ...]
    timezone: str
    description: str = ""
    currency: str | None = None
    null_markers: tuple[str, ...] = ("",)
    horizon_days: int = 30
    history_length: int = 100
    hold_back_files: int = 0
    ignore: tuple[str, ...] = ()
    source: str = ""
    text: str = field(default="", repr=False, compare=False)

    def file(self, path: str) -> FileMapping:
        """The entry whose glob is `path`; KeyError when there is none."""
        return {f.path: f for f in self.files}[path]

    @property
    def entities(self) -> tuple[str, ...]:
        """Every entity that some file feeds, sorted."""
        return tuple(sorted({e.entity for f in self.files for e in f.entities}))
