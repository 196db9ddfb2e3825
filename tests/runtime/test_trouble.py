from __future__ import annotations

import argparse
import errno
import os
from pathlib import Path

import pytest

from shoplake import steps
from shoplake.errors import TooYoungError
from shoplake.runtime import trouble
from shoplake.runtime.trouble import explained, retried

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def chained(below: BaseException) -> Exception:
    error = RuntimeError("[STREAM_FAILED] Query terminated")
    error.__cause__ = below
    return error


@pytest.mark.parametrize("error", [FULL, chained(FULL)], ids=["at once", "below"])
def test_a_full_disk_is_called_one_and_how_much_room_there_is(
    error: Exception, tmp_path: Path
) -> None:
    said = str(explained(error, str(tmp_path)))
    assert "the disk is full" in said
    assert f"MB free at {tmp_path}" in said
    assert "make room" in said


def test_what_the_jvm_said_further_down_is_read_too() -> None:
    error = RuntimeError("Job aborted")
    error._stackTrace = "Caused by: java.io.IOException: No space left on device"  # type: ignore[attr-defined]
    assert "the disk is full" in str(explained(error))


@pytest.mark.parametrize(
    "text",
    [
        "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file"
        " file:///lake/silver/orders/part-0.snappy.parquet. SQLSTATE: KD001",
        "Parquet error: Could not read footer of /lake/silver/orders/part-0.snappy.parquet",
    ],
    ids=["spark", "delta-rs"],
)
def test_a_damaged_file_is_named(text: str) -> None:
    error = explained(RuntimeError(text))
    assert error is not None
    assert error.where == "/lake/silver/orders/part-0.snappy.parquet"
    assert "backup" in str(error.remedy)


def test_a_file_of_another_type_is_not_damaged() -> None:
    text = "[FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH] Column: [a], Expected: int"
    assert explained(RuntimeError(text)) is None


def test_another_writer_is_named() -> None:
    error = explained(RuntimeError("io.delta.exceptions.ConcurrentAppendException: Files were"))
    assert "another process wrote" in str(error)


def test_a_jvm_that_has_ended_is_told_of() -> None:
    text = "[CANNOT_PARSE_DATATYPE] Unable to parse datatype. [Errno 111] Connection refused."
    assert "Spark's JVM has ended" in str(explained(RuntimeError(text)))
    assert explained(RuntimeError("[Errno 111] Connection refused")) is None


def test_what_is_not_known_is_not_explained_away() -> None:
    assert explained(KeyError("price")) is None


def test_a_step_tells_of_it_without_a_stack_trace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(steps, "open_step", lambda args: None)

    def full(*_: object) -> None:
        raise FULL

    parser = argparse.ArgumentParser()
    parser.set_defaults(step="refine", lake=None)
    with pytest.raises(SystemExit, match="1"):
        steps.run_job(parser, [], full)
    assert "refine failed: the disk is full" in capsys.readouterr().out


def test_a_shop_that_is_too_young_for_a_step_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(steps, "open_step", lambda args: None)

    def early(*_: object) -> None:
        raise TooYoungError("11 days of data are too few", remedy="bring 54 days")

    parser = argparse.ArgumentParser()
    parser.set_defaults(step="dataset", lake=None)
    steps.run_job(parser, [], early)
    said = capsys.readouterr().out
    assert "not yet: 11 days of data are too few" in said
    assert "bring 54 days" in said


def test_a_step_raises_what_it_cannot_explain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "open_step", lambda args: None)

    def broken(*_: object) -> None:
        raise KeyError("price")

    parser = argparse.ArgumentParser()
    parser.set_defaults(step="refine", lake=None)
    with pytest.raises(KeyError, match="price"):
        steps.run_job(parser, [], broken)


def test_only_a_clash_is_tried_again_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "_WAITS", (0.0, 0.0))
    tries: list[str] = []

    def clash() -> None:
        tries.append("clash")
        raise RuntimeError("[DELTA_CONCURRENT_APPEND] somebody was faster")

    with pytest.raises(RuntimeError, match="somebody"):
        retried(clash, tries.append)
    assert tries.count("clash") == 3
    tries.clear()

    def other() -> None:
        tries.append("other")
        raise ValueError("no clash")

    with pytest.raises(ValueError, match="no clash"):
        retried(other, tries.append)
    assert tries == ["other"]
