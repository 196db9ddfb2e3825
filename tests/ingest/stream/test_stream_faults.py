"""Faults that are no kills: a broker that goes and comes, a damaged checkpoint, a full disk."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoplake.errors import ShoplakeError
from shoplake.ingest.stream.consume import Consumer, wait
from shoplake.runtime.broker import Broker
from shoplake.runtime.kafka import kafka_options

if TYPE_CHECKING:
    from conftest import Corner

Line = Callable[..., str]


@pytest.mark.slow
def test_a_broker_that_is_killed_and_comes_back_loses_nothing(
    corner: Corner, line: Line, tmp_path: Path
) -> None:
    broker = Broker(tmp_path / "own", partitions=1)
    try:
        corner.options = kafka_options(corner.spark, corner.settings, broker.servers)
        corner.send(*(line(i) for i in range(20)))
        consumer = Consumer(corner.run(), corner.mapping, corner.options)
        query = consumer.start(once=False, interval="1 second", most=5)
        try:
            while not consumer.batches and query.isActive:
                time.sleep(0.1)
            broker.kill()
            time.sleep(3)
            broker = Broker(tmp_path / "own", broker.port, partitions=1)
            corner.send(*(line(i) for i in range(20, 30)))
            wait(query, consumer, 1)
        finally:
            query.stop()
        corner.take()
        assert corner.orders() == sorted(str(i) for i in range(30))
    finally:
        broker.stop()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["offsets", "metadata"])
def test_a_checkpoint_that_was_emptied_is_moved_away(corner: Corner, line: Line, part: str) -> None:
    corner.send(line(1))
    corner.take()
    (checkpoint,) = (corner.folder / "lake" / "streams").glob("*/*")
    for file in [*(checkpoint / part).glob("*"), checkpoint / part]:
        if file.is_file():
            file.write_bytes(b"")
    corner.send(line(2))
    with pytest.raises(ShoplakeError) as raised:
        corner.take()
    assert "away" in str(raised.value)
    assert str(checkpoint) in str(raised.value)
    shutil.move(checkpoint, corner.folder / "moved")
    corner.take()
    assert corner.orders() == ["1", "2"]


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_called_one_and_with_room_it_goes_on(
    corner: Corner, line: Line, little_disk: Path
) -> None:
    corner.folder = little_disk
    corner.settings = dataclasses.replace(corner.settings, lake=str(little_disk / "lake"))
    corner.send(*(line(i) for i in range(5)))
    corner.take()
    corner.send(*(line(i) for i in range(5, 10)))
    there = os.statvfs(little_disk)
    (little_disk / "ballast").write_bytes(b"\0" * (there.f_bavail * there.f_frsize - 8192))
    with pytest.raises(ShoplakeError, match="the disk is full"):
        corner.take()
    (little_disk / "ballast").unlink()
    corner.take()
    assert corner.orders() == sorted(str(i) for i in range(10))
