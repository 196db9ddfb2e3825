"""Kafka messages to raw records, in the shape that files give: what follows is the same for both.

A message's file is `kafka:<topic>/<partition>` and its row is its offset. The SHA-256 of its value
takes the place of the file's, so that a topic made anew does not give old `_row_id`s.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.errors import MappingError
from shoplake.ingest.formats import json_record
from shoplake.ingest.mapping_model import FileMapping, Mapping
from shoplake.ingest.reader import ARROW, FILE, RECORD, RECORDS
from shoplake.ingest.records import Record, bad_record


@dataclass(frozen=True)
class Span:
    """What some messages of a partition have in common.

    Attributes:
        first, last: offsets.
        records, problems: how many messages, and how many of them could not be understood.
        fields: names of the others' fields, each once.
        sent_at: Kafka's time of the last one, milliseconds since 1970.
    """

    first: int
    last: int
    records: int
    problems: int
    fields: list[str]
    sent_at: int | None = None

    def with_more(self, other: Span) -> Span:
        """Both as one."""
        news = [field for field in other.fields if field not in self.fields]
        return Span(
            min(self.first, other.first),
            max(self.last, other.last),
            self.records + other.records,
            self.problems + other.problems,
            self.fields + news if news else self.fields,
            (self if self.last > other.last else other).sent_at,
        )


def streamed(mapping: Mapping) -> Mapping:
    """The mapping of what comes by topics: its entries that have one, none of them `distinct`.

    `distinct` is a promise about a file, read whole. A stream has none: which records would
    collapse would depend on how it is cut into batches, so each stays a row that mentions once.

    Raises:
        MappingError: no entry has a topic.
    """
    files = tuple(_uncollapsed(file) for file in mapping.files if file.topic)
    if not files:
        raise MappingError(
            f"no entry of shop {mapping.shop} has a topic",
            where=mapping.source,
            remedy="write `topic: NAME` in the entries whose records come by Kafka",
        )
    return replace(mapping, files=files)


def _uncollapsed(file: FileMapping) -> FileMapping:
    return replace(file, entities=tuple(replace(e, distinct=False) for e in file.entities))


def to_records(messages: DataFrame, mapping: Mapping) -> DataFrame:
    """The records of Kafka messages, as `read_files` gives those of files.

    Args:
        messages: topic, partition, offset, value, timestamp; of topics of the mapping.
        mapping: of `streamed`.

    Returns:
        kind, entry, file, file_sha, row, record, problem; a row of kind 'record' a message, and of
        kind 'file' what some messages of a partition span, as `Span` in JSON.
    """
    entries = {f.topic: f.path for f in mapping.files}

    def parse(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            topics = batch.column(0).to_pylist()
            places = zip(topics, batch.column(1).to_pylist(), strict=True)
            values = batch.column(3).to_pylist()
            files = [f"kafka:{topic}/{partition}" for topic, partition in places]
            offsets = batch.column(2).to_pylist()
            records = [message_record(value) for value in values]
            spans = _spans(files, offsets, batch.column(4).to_pylist(), records)
            columns = (
                [RECORD] * len(values) + [FILE] * len(spans),
                [entries[topic] for topic in topics] + [""] * len(spans),
                [*files, *spans],
                [hashlib.sha256(value or b"").hexdigest() for value in values] + [""] * len(spans),
                [*offsets, *(span.first for span in spans.values())],
                [*(record.text for record in records), *map(_text, spans.values())],
                [record.problem for record in records] + [None] * len(spans),
            )
            arrays = [pa.array(c, type=t) for c, t in zip(columns, ARROW.types, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=ARROW)

    sent_at = F.unix_millis("timestamp")
    told = messages.select("topic", "partition", "offset", "value", sent_at)
    return told.mapInArrow(parse, RECORDS)


def spans_of(records: DataFrame) -> dict[str, Span]:
    """What the records of `to_records` span, by file."""
    found: dict[str, Span] = {}
    for row in records.where(F.col("kind") == FILE).select("file", "record").collect():
        said = Span(**json.loads(row["record"]))
        known = found.get(row["file"])
        found[row["file"]] = said if known is None else known.with_more(said)
    return found


def _spans(
    files: list[str], offsets: list[int], times: list[int | None], records: list[Record]
) -> dict[str, Span]:
    places: dict[str, list[int]] = {}
    for at, file in enumerate(files):
        places.setdefault(file, []).append(at)
    found = {}
    for file, there in places.items():
        own = [offsets[at] for at in there]
        sound = [records[at].text for at in there if records[at].problem is None]
        fields = list(dict.fromkeys(field for text in sound for field in json.loads(text)))
        problems, sent_at = len(own) - len(sound), times[max(there, key=offsets.__getitem__)]
        found[file] = Span(min(own), max(own), len(own), problems, fields, sent_at)
    return found


def _text(span: Span) -> str:
    return json.dumps(dataclasses.asdict(span))


def message_record(value: bytes | None) -> Record:
    """A message's value as a record; one that is no JSON object in UTF-8 has a problem."""
    if value is None:
        return bad_record("", "the message has no value")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        return bad_record(value.decode(errors="backslashreplace"), f"not UTF-8: {error.reason}")
    return json_record(text.strip(" \t\r\n"))
