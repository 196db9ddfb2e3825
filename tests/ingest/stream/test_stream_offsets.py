"""What governance.offsets says of a batch done again, and of a topic made anew."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.contracts.book import load_contracts
from shoplake.errors import SourceError
from shoplake.ingest.stream import anew
from shoplake.ingest.stream.anew import State
from shoplake.ingest.stream.consume import Consumer
from shoplake.ingest.stream.offsets import TABLE, Offsets, Range, Taking
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

EARLY, LATE = datetime(2026, 1, 1, 10), datetime(2026, 1, 2, 10)
Noted = tuple[str, int, int, int, str]
Told = Callable[..., Offsets]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """The table with these notes: stream, batch, first and last offset, state."""

    def make(*notes: Noted, sent_at: datetime | None = EARLY) -> Offsets:
        lake = Lake(None, dataclasses.replace(load("local"), lake=str(tmp_path)))  # type: ignore[arg-type]
        rows = [
            {"shop": "corner", "stream": stream, "batch": batch, "topic": "t", "partition": 0,
             "first_offset": first, "last_offset": last, "records": last - first + 1,
             "state": state, "recorded_at": datetime(2026, 1, 1, 12, i)}
            | ({"sent_at": sent_at} if sent_at else {})
            for i, (stream, batch, first, last, state) in enumerate(notes)
        ]  # fmt: skip
        write_deltalake(str(lake.folder(TABLE)), pa.Table.from_pylist(rows))
        return Offsets(lake, load_contracts(conf_dir() / "contracts")[TABLE], "corner")

    return make


def took(stream: str, batch: int, first: int, last: int) -> tuple[Noted, Noted]:
    return (stream, batch, first, last, "planned"), (stream, batch, first, last, "taken")


def test_a_batch_done_again_is_the_one_that_was_planned(told: Told) -> None:
    offsets = told(("s1", 0, 0, 2, "planned"))
    offsets.check(Taking("s1", 0, (Range("t", 0, 0, 2, 3, LATE),)), "here")
    offsets.check(Taking("s1", 1, (Range("t", 0, 3, 4, 2),)), "here")


@pytest.mark.parametrize("ranges", [(Range("t", 0, 2, 3, 2),), ()])
def test_another_batch_of_the_same_number_is_refused(told: Told, ranges: tuple[Range, ...]) -> None:
    offsets = told(*took("s1", 0, 0, 1), *took("s1", 1, 2, 2))
    with pytest.raises(SourceError, match="t/0 2 to 2 was taken under that number"):
        offsets.check(Taking("s1", 1, ranges), "here")


def test_a_long_stream_keeps_no_more_than_where_it_began_and_where_it_is(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    offsets = told(*took("s1", 0, 0, 9))
    monkeypatch.setattr("shoplake.ingest.stream.offsets.append", lambda *_: None)
    for batch in range(50):
        taken = [Range("t", 0, 10 * batch, 10 * batch + 9, 10, LATE)]
        taken += [Range("t", 1, 0, 5, 6, LATE)] if batch == 20 else []
        offsets.plan(Taking("s2", batch, tuple(taken)))
        offsets.close(Taking("s2", batch, tuple(taken)))
    assert offsets.begun("s2") == {("t", 0): 0, ("t", 1): 0}
    assert sorted(offsets.planned("s2")) == [Range("t", 0, 490, 499, 10), Range("t", 1, 0, 5, 6)]
    assert offsets.unfinished("s3") == []
    assert len(offsets._states) == 4


def test_a_topic_made_anew_was_reached_where_the_newest_stream_is(told: Told) -> None:
    offsets = told(*took("s1", 0, 0, 9), *took("s2", 0, 0, 2))
    assert offsets.reached("s3") == [Range("t", 0, 0, 2, 3)]
    assert [r.sent_at for r in offsets.reached("s3")] == [EARLY]
    assert offsets.reached("s1") == [Range("t", 0, 0, 2, 3)]


@pytest.mark.parametrize(
    ("own", "state", "reached"),
    [
        ([], "same", {("t", 0): 4}),
        ([], "gone", {("t", 0): 4}),  # its retention is over
        ([], "other", {}),
        ([], "emptied", {}),
        # This stream has seen that it is another topic, or that it is not.
        ([("s2", 0, 0, 1, "planned")], "same", {}),
        ([("s2", 0, 5, 6, "planned")], "other", {("t", 0): 4}),
    ],
)
def test_what_was_taken_of_an_earlier_topic_is_not_passed_over(
    told: Told, own: list[Noted], state: State, reached: dict[tuple[str, int], int]
) -> None:
    consumer = SimpleNamespace(
        stream="s2",
        _offsets=told(*took("s1", 0, 0, 4), *own),
        _states=lambda ranges: dict.fromkeys(ranges, state),
    )
    assert Consumer._passed_over(consumer) == reached  # type: ignore[arg-type]


def test_a_checkpoint_of_an_earlier_topic_is_refused(told: Told) -> None:
    offsets = told(*took("s1", 0, 0, 4))
    consumer = SimpleNamespace(
        stream="s1",
        _offsets=offsets,
        _checkpoints=Path("streams"),
        _states=lambda ranges: dict.fromkeys(ranges, "other"),
    )
    with pytest.raises(SourceError, match="topic t was made anew: offset 4"):
        Consumer._check_topics(consumer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sent_at", "there", "state"),
    [
        (EARLY, EARLY, "same"),
        (EARLY, LATE, "other"),
        (None, LATE, "same"),  # noted before times were
        (EARLY, None, "emptied"),
    ],
)
def test_a_message_is_known_by_its_time(
    monkeypatch: pytest.MonkeyPatch,
    sent_at: datetime | None,
    there: datetime | None,
    state: State,
) -> None:
    monkeypatch.setattr(anew, "_times", lambda *_: {("t", 0): there} if there else {})
    monkeypatch.setattr(anew, "_goes_on", lambda *_: False)
    taken = Range("t", 0, 0, 4, 5, sent_at)
    assert anew.states(None, {}, [taken]) == {taken: state}  # type: ignore[arg-type]


def test_a_table_of_before_times_were_noted_is_read(told: Told) -> None:
    assert [r.sent_at for r in told(*took("s1", 0, 0, 4), sent_at=None).reached("s2")] == [None]


@pytest.mark.parametrize(
    "text",
    [
        "Some data may have been lost because they are not available in Kafka any more; either",
        "OffsetOutOfRangeException: Fetch position",
        "[KAFKA_DATA_LOSS.PARTITION_OFFSET_CHANGED] 5 to 3",
    ],
)
def test_messages_that_are_gone_are_told_as_such(text: str) -> None:
    consumer = SimpleNamespace(failure=None, _checkpoints=Path("streams"), stream="s1")
    error = Consumer.error(consumer, RuntimeError(text))  # type: ignore[arg-type]
    assert "made anew" in error.what
    assert "move that folder away" in (error.remedy or "")


def test_a_new_stream_is_named_after_all_others_where_the_clock_was_put_back(told: Told) -> None:
    ahead = "29991231T235958-0a1b2c3d"
    assert told(*took(ahead, 0, 0, 9)).next_name().startswith("29991231T235959-")


def test_a_new_stream_is_named_by_the_time(told: Told) -> None:
    before = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    assert told(*took("20260101T000000-0a1b2c3d", 0, 0, 9)).next_name() >= before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[STREAM_FAILED] Query ended\n\n=== Streaming Query ===", "[STREAM_FAILED] Query ended"),
        (
            "An error occurred while calling o1.collectToPython.\n: org.apache.spark.SparkException:"
            " Job aborted\n\tat org.apache.spark.Some.method(Some.scala:1)\nCaused by: org.apache."
            "kafka.common.errors.TimeoutException: no node in 60000 ms\n\tat org.a.B.c(B.java:1)",
            "TimeoutException: no node in 60000 ms",
        ),
        ("An error occurred while calling o1.sql.\n: a.b.FSError: gone", "FSError: gone"),
        ("", "(no message)"),
    ],
    ids=["query", "cause", "py4j", "nothing"],
)
def test_an_error_says_what_it_is_about(text: str, said: str) -> None:
    settings = SimpleNamespace(lake=None)
    run = SimpleNamespace(lake=SimpleNamespace(settings=settings))
    consumer = SimpleNamespace(failure=None, stream="s1", _run=run, _checkpoints=Path("/lake"))
    consumer._mapping = SimpleNamespace(shop="corner")
    error = Consumer.error(consumer, RuntimeError(text))  # type: ignore[arg-type]
    assert error.what == f"the stream of corner ended: {said}"
