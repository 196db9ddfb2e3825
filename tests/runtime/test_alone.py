from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shoplake.errors import ShoplakeError
from shoplake.runtime.alone import FOLDER, alone, sweeping, writing
from shoplake.runtime.settings import Settings, load

HOLDER = """
import dataclasses, sys, time
from shoplake.runtime.alone import alone
from shoplake.runtime.settings import load
with alone(dataclasses.replace(load("local"), lake=sys.argv[1]), "silver.orders", "test"):
    print("has it", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))


def test_another_waits_until_the_first_has_done(settings: Settings) -> None:
    done: list[str] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with alone(settings, "silver.orders", "test"):
            done.append("second")

    other = threading.Thread(target=second)
    with alone(settings, "silver.orders", "test"):
        other.start()
        begun.wait()
        other.join(0.2)
        done.append("first")
    other.join()
    assert done == ["first", "second"]


def test_something_else_is_not_waited_for(settings: Settings) -> None:
    begun = []
    with (
        alone(settings, "silver.orders", "test"),
        alone(settings, "silver.events", "test", wait=False),
    ):
        begun.append("events")
    assert begun == ["events"]


def test_what_is_not_waited_for_says_what_goes_on(settings: Settings) -> None:
    with (
        alone(settings, "the stream of lamps", "test"),
        pytest.raises(ShoplakeError, match="another process has begun with the stream of lamps"),
        alone(settings, "the stream of lamps", "test", wait=False),
    ):
        pass


def test_a_process_that_is_killed_gives_it_back(settings: Settings) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, settings.lake], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == "has it\n"
        with (
            pytest.raises(ShoplakeError),
            alone(settings, "silver.orders", "test", wait=False),
        ):
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        holder.stdout.close()
    with alone(settings, "silver.orders", "test", wait=False):
        pass


def test_a_catalog_is_left_to_its_platform(settings: Settings) -> None:
    with alone(dataclasses.replace(settings, catalog="main"), "silver.orders", "test"):
        assert not (settings.root / FOLDER).exists()


def test_writers_wait_for_no_writer(settings: Settings) -> None:
    begun = []
    with writing(settings, "silver.orders"), writing(settings, "silver.events", "silver.orders"):
        begun.append("both")
    assert begun == ["both"]


def test_files_are_swept_when_nobody_writes(settings: Settings) -> None:
    done: list[str] = []

    def sweep() -> None:
        with sweeping(settings, "silver.orders"):
            done.append("swept")

    other = threading.Thread(target=sweep)
    with writing(settings, "silver.orders"):
        other.start()
        other.join(0.2)
        done.append("written")
    other.join()
    assert done == ["written", "swept"]
