from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoplake.ingest.formats import parse_file
from shoplake.ingest.mapping_model import FileMapping
from shoplake.ingest.records import HELD, FileError, whole_records


def entry(**how: object) -> FileMapping:
    given = {"path": "*", "format": "csv", "columns": ("a", "b"), "entities": (), **how}
    return FileMapping(**given)  # type: ignore[arg-type]


def values(content: bytes, file: FileMapping) -> list[dict[str, str | None]]:
    return [json.loads(r.text) for r in parse_file(content, file) if r.problem is None]


def problems(content: bytes, file: FileMapping) -> list[tuple[dict[str, str], str]]:
    records = parse_file(content, file)
    return [(json.loads(r.text), r.problem) for r in records if r.problem is not None]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16", "mac_roman"])
def test_csv_in_its_encoding(encoding: str) -> None:
    content = "a,b\né,£\n".encode(encoding)
    assert values(content, entry(encoding=encoding)) == [{"a": "é", "b": "£"}]


def test_chinese_csv() -> None:
    content = "a,b\n灯,红\n".encode("gb18030")
    assert values(content, entry(encoding="gb18030")) == [{"a": "灯", "b": "红"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    content = end.join(["a,b", '1,"x\ry"', "", "2,z", ""]).encode()
    assert values(content, entry()) == [{"a": "1", "b": "x\ry"}, {"a": "2", "b": "z"}]


def test_a_byte_order_mark_is_no_part_of_the_header() -> None:
    assert values(b"\xef\xbb\xbfa,b\n1,2\n", entry()) == [{"a": "1", "b": "2"}]


def test_gzip_is_known_by_its_bytes() -> None:
    assert values(gzip.compress(b"a,b\n1,2\n"), entry()) == [{"a": "1", "b": "2"}]


def test_tsv_takes_quotes_as_they_are() -> None:
    file = entry(format="tsv", delimiter="\t", quote=None)
    assert values(b'a\tb\n"1\t2"\n', file) == [{"a": '"1', "b": '2"'}]


def test_delimiter_quote_and_escape() -> None:
    file = entry(delimiter=";", quote="'", escape="\\")
    assert values(b"a;b\n'1;2';3\\;4\n", file) == [{"a": "1;2", "b": "3;4"}]


def test_extra_columns_are_kept() -> None:
    assert values(b"a,x,b\n1,2,3\n", entry()) == [{"a": "1", "x": "2", "b": "3"}]


def test_a_header_alone_is_an_empty_day() -> None:
    assert values(b"a,b\n", entry()) == []


def test_json_values_are_strings_exactly_as_sent() -> None:
    line = '{"a": 1.10, "b": "x", "c": null, "d": true, "e": {"f": [1e5, "y\\u00e9", null]}}\n'
    assert values(line.encode(), entry(format="jsonl")) == [
        {"a": "1.10", "b": "x", "c": None, "d": "true", "e": '{"f":[1e5,"yé",null]}'}
    ]


def test_parquet_values_are_plain_text() -> None:
    table = pa.table(
        {
            "a": pa.array([1, None], pa.int64()),
            "b": pa.array([1e-7, 2.0]),
            "single": pa.array([0.1, None], pa.float32()),
            "text": pa.array(["x", None]).dictionary_encode(),
            "at": pa.array([datetime(2024, 1, 2, 3, 4, 5), datetime(2024, 1, 2, 3, 4, 5, 6000)]),
            "on": pa.array([date(2024, 1, 2), None]),
            "price": pa.array([Decimal("1.10"), None]),
            "list": pa.array([["p", None], None]),
            "zoned": pa.array([datetime(2024, 7, 1), None], pa.timestamp("us", "Europe/London")),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    assert values(sink.getvalue(), entry(format="parquet")) == [
        {
            "a": "1",
            "b": "0.0000001",
            "single": "0.1",
            "text": "x",
            "at": "2024-01-02 03:04:05",
            "on": "2024-01-02",
            "price": "1.10",
            "list": '["p", null]',
            "zoned": "2024-07-01 00:00:00Z",
        },
        {
            "a": None,
            "b": "2.0",
            "single": None,
            "text": None,
            "at": "2024-01-02 03:04:05.006000",
            "on": None,
            "price": None,
            "list": None,
            "zoned": None,
        },
    ]


def truncated() -> bytes:
    return gzip.compress(b"a,b\n" + b"1,2\n" * 5000)[:-20]


FAULTS: dict[str, tuple[Callable[[], bytes], FileMapping, str]] = {
    "empty": (lambda: b"", entry(), "the file is empty"),
    "empty gzip": (lambda: gzip.compress(b""), entry(), "the file is empty"),
    "blank": (lambda: b"\n\n", entry(), "no header"),
    "cut off gzip": (truncated, entry(), "the gzip ends before"),
    "damaged gzip": (lambda: gzip.compress(b"a,b\n1,2\n")[:-8] + b"12345678", entry(), "damaged"),
    "byte": (lambda: b"a,b\n1,2\n3,\xff\n", entry(), "byte 0xff at offset 10 (line 3)"),
    "header": (lambda: b"a,B\n1,2\n", entry(), "'b' is missing, did you mean 'B'?"),
    "header twice": (lambda: b"a,b,b\n1,2,3\n", entry(), "'b' is a column more than once"),
    "open quote": (lambda: b'a,b\n1,2\n3,"4\n5,6\n', entry(), "record 2, line 3 is never closed"),
    "not utf-16": (lambda: b"a,b\n1,2\n", entry(encoding="utf-16"), "utf-16"),
    "parquet": (lambda: b"a,b\n1,2\n", entry(format="parquet"), "not a whole Parquet file"),
    "empty parquet": (lambda: b"", entry(format="parquet"), "the file is empty"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_cannot_be_trusted_gives_no_record(name: str) -> None:
    content, file, told = FAULTS[name]
    with pytest.raises(FileError) as error:
        list(whole_records(lambda: parse_file(content(), file)))
    assert told in str(error.value)


def test_a_large_file_with_a_fault_at_its_end_gives_no_record() -> None:
    content = b"a,b\n" + b"1,2\n" * (HELD + 5) + b'3,"'
    with pytest.raises(FileError):
        whole_records(lambda: parse_file(content, entry()))


def test_a_large_file_is_given_whole() -> None:
    content = b"a,b\n" + b"1,2\n" * (HELD + 5)
    assert sum(1 for _ in whole_records(lambda: parse_file(content, entry()))) == HELD + 5


@pytest.mark.parametrize(
    ("content", "file", "raw", "told"),
    [
        (b"a,b\n1,2,3\n4,5\n", entry(), "1,2,3", "line 2: 3 fields where the header has 2"),
        (b"a,b\n1\n4,5\n", entry(), "1", "line 2: 1 fields where the header has 2"),
        (b'a,b\n"1"x,2\n4,5\n', entry(), '"1"x,2', "line 2: ',' expected after '\"'"),
        (b'{"a": 1\n{"a": 1, "b": 2}\n', entry(format="jsonl"), '{"a": 1', "line 1: Expecting"),
        (b'[1]\n{"a": 1}\n', entry(format="jsonl"), "[1]", "line 1: not an object"),
        (b'{"a": NaN}\n{}\n', entry(format="jsonl"), '{"a": NaN}', "line 1: NaN is not JSON"),
        (b'{"a":1,"a":2}\n{}\n', entry(format="jsonl"), '{"a":1,"a":2}', "'a' is there twice"),
        (b'{"a":"\\ud800"}\n{}\n', entry(format="jsonl"), '{"a":"\\ud800"}', "surrogate"),
    ],
)
def test_a_bad_record_is_kept_as_sent_and_the_others_go_on(
    content: bytes, file: FileMapping, raw: str, told: str
) -> None:
    [(record, problem)] = problems(content, file)
    assert record == {"_line": raw}
    assert told in problem
    assert len(values(content, file)) == 1


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ['"', '""', "\n", "\r\n", "\r", ",", 'a,"b"\n', "\x00", "\u2028", "\ufeff", ""]
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(text, text), max_size=6),
    st.sampled_from(
        [
            (csv.QUOTE_ALL, "\n"),
            (csv.QUOTE_ALL, "\r"),
            (csv.QUOTE_ALL, "\r\n"),
            (csv.QUOTE_MINIMAL, "\r\n"),
        ]
    ),
)
def test_csv_means_what_pythons_csv_says(
    rows: list[tuple[str, str]], dialect: tuple[int, str]
) -> None:
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, quoting=dialect[0], lineterminator=dialect[1])  # type: ignore[arg-type]
    writer.writerows([("a", "b"), *rows])
    oracle = list(csv.reader(io.StringIO(sink.getvalue(), newline="")))
    found = values(sink.getvalue().encode(), entry())
    assert [[r["a"], r["b"]] for r in found] == oracle[1:]
