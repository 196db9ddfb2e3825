"""Kafka messages to raw records, in the shape that files give: what follows is the same for both.

A message's file is `kafka:<topic>/<partition>` and its row is its offset. The SHA-256 of its value
takes the place of the file's, so that a topic made anew does not give old `_row_id`s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pyarrow as pa
from pyspark.sql import DataFrame

from shoplake.errors import MappingError
from shoplake.ingest.formats import json_record
from shoplake.ingest.mapping_model import FileMapping, Mapping
from shoplake.ingest.reader import ARROW, RECORD, RECORDS
from shoplake.ingest.records import Record, bad_record


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
        messages: topic, partition, offset, value; of topics of the mapping.
        mapping: of `streamed`.

    Returns:
        kind ('record'), entry, file, file_sha, row, record, problem; one row a message.
    """
    entries = {f.topic: f.path for f in mapping.files}

    def parse(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            topics = batch.column(0).to_pylist()
            places = zip(topics, batch.column(1).to_pylist(), strict=True)
            values = batch.column(3).to_pylist()
            records = [message_record(value) for value in values]
            columns = (
                [RECORD] * len(values),
                [entries[topic] for topic in topics],
                [f"kafka:{topic}/{partition}" for topic, partition in places],
                [hashlib.sha256(value or b"").hexdigest() for value in values],
                batch.column(2).to_pylist(),
                [record.text for record in records],
                [record.problem for record in records],
            )
            arrays = [pa.array(c, type=t) for c, t in zip(columns, ARROW.types, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=ARROW)

    told = messages.select("topic", "partition", "offset", "value")
    return told.mapInArrow(parse, RECORDS)


def message_record(value: bytes | None) -> Record:
    """A message's value as a record; one that is no JSON object in UTF-8 has a problem."""
    if value is None:
        return bad_record("", "the message has no value")
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        return bad_record(value.decode(errors="backslashreplace"), f"not UTF-8: {error.reason}")
    return json_record(text.strip(" \t\r\n"))
