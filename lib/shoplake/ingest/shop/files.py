"""Files as a shop sends them: the same rows give the same bytes, and equal bytes are left alone."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from shoplake.ingest.shop.config import day_text

Record = dict[str, object]


class Row(NamedTuple):
    """A record, the day and second it happened, and the day whose file it arrives in.

    `early` puts it before the rows of its file that happened earlier (an out-of-order row).
    """

    day: int
    second: int
    record: Record
    arrives: int
    early: bool = False


Rows = dict[str, list[Row]]
"""Rows of each entity; also of `truth/<entity>`, the planted dirt, and of `TOLD`."""


def happened(day: int, second: int, record: Record) -> Row:
    """A row that arrives on the day it happens."""
    return Row(day, second, record, day)


class Form(NamedTuple):
    """How an entity is sent: columns in file order, and the name's ending."""

    columns: tuple[str, ...]
    ending: str


FORMS: dict[str, Form] = {
    "events": Form(("event_id", "visitor", "session", "channel", "action", "sku", "search",
                    "position", "qty", "price", "user_agent", "country", "at"), "jsonl.gz"),
    "orders": Form(("order_no", "line_no", "customer", "sku", "item", "qty", "unit_price",
                    "currency", "type", "line_type", "country", "channel", "ordered_at"), "csv.gz"),
    "products": Form(("sku", "title", "description", "category", "brand", "seller", "price",
                      "currency", "stock", "attributes", "type", "updated_at"), "tsv"),
    "people": Form(("customer", "channel", "loyalty_no", "full_name", "email", "phone", "address",
                    "country", "birth_year", "segment", "consent", "joined_at"), "csv.gz"),
    "searches": Form(("search_id", "visitor", "session", "channel", "text", "hits", "at"), "jsonl"),
    "reviews": Form(("review_id", "customer", "sku", "stars", "headline", "body", "at"), "jsonl"),
    "messages": Form(("message_id", "customer", "channel", "body", "topic", "at"), "jsonl"),
    "feedback": Form(("feedback_id", "request_id", "visitor", "sku", "action", "position",
                      "propensity", "model", "at"), "jsonl"),
}  # fmt: skip
_TRUTH = Form(("entity", "natural_id", "dirt", "outcome"), "jsonl")
TOLD = "truth/personal"
"""Where personal data stands in texts: characters start..end of the normalised text."""
_TOLD = Form(("entity", "natural_id", "kind", "start", "end"), "jsonl")


_JSON = json.JSONEncoder(ensure_ascii=False)


class Written(NamedTuple):
    """What became of one entity's files of one part."""

    rows: int
    written: int
    unchanged: int


def write_part(
    out: Path, rows: Rows, part: str, first_day: int, last_day: int
) -> dict[str, Written]:
    """Write rows that arrive in first_day..last_day, one file a day and entity, named `part`.

    A file of an earlier run that now has no rows is removed; a file whose bytes would not change is
    not touched.
    """
    results: dict[str, Written] = {}
    for entity, all_rows in rows.items():
        form = _TOLD if entity == TOLD else FORMS.get(entity, _TRUTH)
        root = out if entity.startswith("truth/") else out / "raw"
        by_day: dict[int, list[Row]] = defaultdict(list)
        for row in all_rows:
            by_day[row.arrives].append(row)
        written = 0
        for day in range(first_day, last_day + 1):
            path = root / entity / f"day={day_text(day)}" / f"{part}.{form.ending}"
            if day not in by_day:
                path.unlink(missing_ok=True)
                continue
            by_day[day].sort(key=lambda r: (not r.early, r.day, r.second))
            written += replace_if_changed(path, encode((r.record for r in by_day[day]), form))
        results[entity] = Written(len(all_rows), written, len(by_day) - written)
    return results


def encode(records: Iterable[Record], form: Form) -> bytes:
    """The bytes of one file; gzip carries no time and no name, so equal records are equal bytes."""
    text = io.StringIO()
    if form.ending.startswith("jsonl"):
        for record in records:
            line = {c: record[c] for c in form.columns if record.get(c) not in (None, "")}
            text.write(_JSON.encode(line) + "\n")
    else:
        # TSV knows no quotes: a cell holds no tab and no line end, and is written as it is.
        tsv = form.ending.startswith("tsv")
        writer = csv.writer(
            text,
            delimiter="\t" if tsv else ",",
            quotechar=None if tsv else '"',
            quoting=csv.QUOTE_NONE if tsv else csv.QUOTE_MINIMAL,
            lineterminator="\n",
        )
        writer.writerow(form.columns)
        writer.writerows([record.get(c, "") for c in form.columns] for record in records)
    data = text.getvalue().encode()
    return gzip.compress(data, 6, mtime=0) if form.ending.endswith(".gz") else data


def replace_if_changed(path: Path, data: bytes) -> bool:
    """Write by rename, so that a reader sees the old file or the new one; False: nothing to do."""
    if path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)
    return True
