"""What may come by a topic: sound records, fields nobody knows, and poison."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from shoplake.errors import ShoplakeError
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.stream.consume import Consumer
from shoplake.ingest.stream.records import Span, message_record
from shoplake.ingest.stream.replay import replay

if TYPE_CHECKING:
    from conftest import Corner

BRONZE = ("bronze.orders", "bronze.reviews", "bronze.unread")


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


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")], ids=["back", "nan", "inf"])
def test_a_speed_that_is_none_is_refused(speed: float) -> None:
    with pytest.raises(ShoplakeError, match="--speed 1000"):
        replay(None, None, "", {}, speed=speed)  # type: ignore[arg-type]


def test_a_batch_that_lets_no_message_in_is_refused() -> None:
    """Spark would wait for ever."""
    consumer = Consumer.__new__(Consumer)
    with pytest.raises(ShoplakeError, match="--most 50000"):
        consumer.start(once=True, interval="1 second", most=0)


def test_spans_of_a_partition_are_one() -> None:
    one, other = Span(3, 5, 3, 1, ["no", "line"]), Span(6, 9, 4, 0, ["line", "colour"])
    assert one.with_more(other) == Span(3, 9, 7, 1, ["no", "line", "colour"])
    assert other.with_more(one) == Span(3, 9, 7, 1, ["line", "colour", "no"])


def test_the_last_message_says_when() -> None:
    one, other = Span(3, 5, 3, 1, [], 500), Span(6, 9, 4, 0, [], 400)
    assert one.with_more(other).sent_at == other.with_more(one).sent_at == 400


@pytest.mark.slow
def test_a_batch_is_written_to_the_tables_that_its_topics_feed(
    corner: Corner, line: Callable[..., str]
) -> None:
    other = f"{corner.topic}.reviews"
    entry = f"""  - path: "*.txt"
    format: jsonl
    topic: {other}
    columns: [who, item, stars]
    entities:
      reviews:
        where: stars <> 'none'
        columns: {{person_id: who, product_id: item, rating: stars}}
"""
    path = corner.folder / "corner.yml"
    path.write_text(path.read_text() + entry)
    corner.mapping = load_mapping(path)
    corner.send(line(1), line(2))
    corner.take()
    lake = corner.run().lake
    assert [t for t in BRONZE if lake.exists(t)] == ["bronze.orders"]
    corner.topic = other
    corner.send('{"who": "ann", "item": "cup1", "stars": "none"}')  # nobody's
    corner.send('{"who": "ann", "item": "cup1", "stars": "5"}')
    corner.take()
    assert [t for t in BRONZE if lake.exists(t)] == list(BRONZE)
    assert [lake.read(t).count() for t in BRONZE] == [2, 1, 1]
    lines = lake.read("governance.ledger").groupBy("table_name").count().collect()
    assert {r[0]: r[1] for r in lines} == dict.fromkeys(BRONZE, 1)


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
