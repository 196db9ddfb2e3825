from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.ingest.registry import FileRegistry, Outcome, SeenFile
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

NOON = datetime(2026, 1, 1, 12)
ONE = SeenFile("a.csv", "sha-a", 10, NOON)
TWO = SeenFile("b.csv", "sha-b", 20, NOON)

Open = Callable[..., FileRegistry]


@pytest.fixture
def opened(spark: SparkSession, tmp_path: Path) -> Open:
    """Opens the registry of shop s afresh, as another process would."""
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(tmp_path)))
    contract = load_contracts(conf_dir() / "contracts")["governance.files"]
    return lambda mapping="m1": FileRegistry(lake, contract, "s", mapping)


def test_a_planned_batch_is_pending_until_it_is_closed(opened: Open) -> None:
    number = opened().plan([TWO, ONE])
    assert opened().pending == (number, [ONE, TWO])
    opened().close(number, [ONE, TWO], [Outcome("a.csv", 3), Outcome("b.csv", 0, "cut off")])
    assert opened().pending is None


def test_dealt_with_files_are_known_by_content_and_by_looks(opened: Open) -> None:
    registry = opened()
    registry.close(registry.plan([ONE]), [ONE], [Outcome("a.csv", 3)])
    again = opened()
    assert again.is_known("a.csv", "sha-a")
    assert not again.is_known("a.csv", "sha-of-new-bytes")
    assert again.looks_known("a.csv", 10, NOON)
    assert not again.looks_known("a.csv", 11, NOON)


def test_a_held_file_is_tried_again_under_another_mapping(opened: Open) -> None:
    registry = opened()
    registry.close(registry.plan([ONE]), [ONE], [Outcome("a.csv", 0, "no header")])
    assert opened("m1").is_known("a.csv", "sha-a")
    assert not opened("m2").is_known("a.csv", "sha-a")


def test_a_file_that_changed_while_read_is_held(opened: Open) -> None:
    registry = opened()
    registry.close(registry.plan([ONE]), [ONE], [])
    assert opened().is_known("a.csv", "sha-a")
    assert opened().pending is None


def test_batch_numbers_go_up(opened: Open) -> None:
    registry = opened()
    first = registry.plan([ONE])
    registry.close(first, [ONE], [Outcome("a.csv", 3)])
    assert opened().plan([TWO]) == first + 1


def test_an_outcome_follows_its_plan_where_the_clock_was_put_back(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Back(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Back:  # type: ignore[override]
            return cls(2020, 1, 1)

    registry = opened()
    number = registry.plan([ONE])
    monkeypatch.setattr("shoplake.ingest.registry.datetime", Back)
    registry.close(number, [ONE], [Outcome("a.csv", 3)])
    assert opened().pending is None


def test_what_was_held_under_the_mapping_a_batch_began_with_is_tried_again(opened: Open) -> None:
    registry = opened("mended")
    number = registry.plan([ONE])
    registry.close(number, [ONE], [Outcome("a.csv", 0, "no header")], "m1")
    assert not registry.is_known("a.csv", "sha-a")
    assert not opened("mended").looks_known("a.csv", 10, NOON)
