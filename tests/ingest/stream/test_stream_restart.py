"""Whatever dies when: every message is in every table once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoplake.errors import SourceError
from shoplake.governance import publish as publishing
from shoplake.ingest import landing
from shoplake.ingest.stream.consume import Consumer
from shoplake.runtime.broker import Broker
from shoplake.runtime.kafka import kafka_options

if TYPE_CHECKING:
    from conftest import Corner


def die_before_the_ledger_hears(patch: pytest.MonkeyPatch) -> None:
    """The table is written but its ledger line is not: the worst moment."""

    def publish_and_die(*args: object, **named: object) -> object:
        patch.setattr(args[1], "record", lambda **_: None)
        publishing.publish(*args, **named)  # type: ignore[arg-type]
        raise RuntimeError("dead")

    patch.setattr(landing, "publish", publish_and_die)


@pytest.mark.slow
def test_killed_restarted_and_robbed_of_its_checkpoint(
    corner: Corner, line: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        die_before_the_ledger_hears(patch)
        corner.send(line(1), line(2))
        with pytest.raises(SourceError, match="ended: "):
            corner.take()
    assert corner.orders() == ["1", "2"]

    # The checkpoint is lost with a batch half done: it is finished, from the table of offsets.
    shutil.rmtree(corner.folder / "lake" / "streams")
    corner.send(line(3))
    corner.take()
    assert corner.orders() == ["1", "2", "3"]

    # The checkpoint is there: the stream goes on.
    corner.send(line(4))
    corner.take()
    assert corner.orders() == ["1", "2", "3", "4"]

    lake = corner.run().lake
    lines = lake.read("governance.ledger").where("table_name = 'bronze.orders'").collect()
    assert sorted(r.rows_good for r in lines) == [1, 1, 2]
    states = lake.read("governance.offsets").groupBy("state").sum("records").collect()
    assert dict(map(tuple, states)) == {"planned": 4, "taken": 4}


@pytest.mark.slow
def test_a_checkpoint_that_lost_its_end_swallows_nothing(
    corner: Corner, line: Callable[..., str]
) -> None:
    corner.send(line(1))
    corner.take()
    corner.send(line(2))
    corner.take()
    (checkpoint,) = (corner.folder / "lake" / "streams").glob("*/*")
    for part in ("offsets", "commits"):
        for file in (checkpoint / part).glob("*1*"):
            file.unlink()
    # Batch 1 would be both, and is on record as one of them.
    corner.send(line(3))
    with pytest.raises(SourceError, match="the checkpoint is older"):
        corner.take()
    shutil.move(checkpoint, corner.folder / "moved")
    corner.take()
    assert corner.orders() == ["1", "2", "3"]


@pytest.mark.slow
def test_a_topic_made_anew_is_taken_from_its_beginning(
    corner: Corner, line: Callable[..., str], tmp_path: Path
) -> None:
    corner.send(*(line(i) for i in range(1, 5)))
    corner.take()
    anew = Broker(tmp_path / "anew")
    try:
        corner.options = kafka_options(corner.spark, corner.settings, anew.servers)
        corner.send(line(11), line(12))
        with pytest.raises(SourceError, match="made anew") as raised:
            corner.take()
        assert "move that folder away" in str(raised.value)
        # Outgrown by now: another message has the offset up to which the earlier one was taken.
        corner.send(line(13), line(14), line(15))
        with pytest.raises(SourceError, match="made anew: offset 3"):
            corner.take()
        (checkpoint,) = (corner.folder / "lake" / "streams").glob("*/*")
        shutil.move(checkpoint, corner.folder / "moved")
        corner.take()
        corner.send(line(16))
        corner.take()
        assert corner.orders() == sorted(map(str, [*range(1, 5), *range(11, 17)]))
    finally:
        anew.stop()


@pytest.mark.slow
def test_a_checkpoint_that_was_renamed_where_it_lay_is_no_stream(
    corner: Corner, line: Callable[..., str]
) -> None:
    corner.send(line(1))
    corner.take()
    (known,) = (corner.settings.root / "streams" / "corner").iterdir()
    known.rename(known.with_name(f"{known.name}.bak"))
    consumer = Consumer(corner.run(), corner.mapping, corner.options)
    assert consumer.stream > known.name
    assert not consumer.stream.endswith(".bak")
    corner.send(line(2))
    corner.take()
    assert corner.orders() == ["1", "2"]
