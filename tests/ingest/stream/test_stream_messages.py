"""What may come by a topic: sound records, fields nobody knows, and poison."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from shoplake.ingest.stream.records import message_record

if TYPE_CHECKING:
    from conftest import Corner


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"{no json", "Expecting property name"),
        (b"\xff\xfe{}", "not UTF-8"),
        (None, "no value"),
        (b"[1, 2]", "not an object"),
        (b'{"no": 1, "no": 2}', "'no' is there twice"),
        (b'{"no": NaN}', "NaN is not JSON"),
    ],
)
def test_poison_is_told_and_kept_as_sent(value: bytes | None, problem: str) -> None:
    record = message_record(value)
    assert problem in (record.problem or "")
    kept = json.loads(record.text)["_line"]
    assert kept == (value or b"").decode(errors="backslashreplace")


def test_numbers_are_kept_as_written() -> None:
    record = message_record(b'{"price": 3.50, "id": 00000000000000001e2, "n": null}')
    assert record.problem is not None  # leading zeros are no JSON
    record = message_record(b'{"price": 3.50, "id": 12345678901234567890, "n": null, "x": [1.0]}')
    assert record.problem is None
    assert json.loads(record.text) == {
        "price": "3.50", "id": "12345678901234567890", "n": None, "x": "[1.0]"
    }  # fmt: skip


@pytest.mark.slow
def test_poison_is_held_with_its_place_and_the_rest_goes_on(
    corner: Corner, line: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    corner.send(line(1), "{no json", line(2, colour="red"), None, line(3))
    corner.take()
    lake = corner.run().lake
    held = {r._row: r for r in lake.read("bronze.unread").collect()}
    assert sorted(held) == [1, 3]
    assert {r._file for r in held.values()} == {f"kafka:{corner.topic}/0"}
    assert "Expecting property name" in held[1].problem
    rows = {r.order_id: r for r in lake.read("bronze.orders").collect()}
    assert sorted(rows) == ["1", "2", "3"]
    assert (rows["2"]._file, rows["2"]._row) == (f"kafka:{corner.topic}/0", 2)
    assert json.loads(rows["2"]._raw)["colour"] == "red"
    assert "fields no mapping knows are kept in _raw: colour" in capsys.readouterr().out
    offsets = lake.read("governance.offsets").where("state = 'taken'").collect()
    assert [(r.first_offset, r.last_offset, r.records) for r in offsets] == [(0, 4, 5)]
    ledger = {r.table_name: r for r in lake.read("governance.ledger").collect()}
    assert (ledger["bronze.orders"].rows_in, ledger["bronze.unread"].rows_in) == (3, 2)
