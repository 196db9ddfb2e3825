"""What maintenance decides: which tables, which versions, which folders. No table is touched."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shoplake.contracts.model import Column, Contract
from shoplake.errors import GovernanceError, SettingsError
from shoplake.governance.maintain.compact import check_cluster
from shoplake.governance.maintain.files import spare
from shoplake.governance.maintain.folders import is_training, remove, unused
from shoplake.governance.maintain.pins import kept, pinned
from shoplake.governance.maintain.settings import load_maintain_settings
from shoplake.governance.maintain.vacuum import look_back
from shoplake.runtime.settings import conf_dir

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [([], 0), ([10], 0), ([10] * 9, 8), ([60] * 9, 3), ([100, 200, 10], 0), ([100] * 9, 0)],
    ids=["none", "one", "become one", "become six", "one small", "large ones"],
)
def test_files_that_could_be_spared_are_small_ones(sizes: list[float], expected: int) -> None:
    assert spare(sizes, small=64, target=100) == expected


def learned(*lines: tuple[str, str, int]) -> list[dict[str, object]]:
    return [
        {"model_name": m, "model_version": v, "table_name": "gold.t", "table_version": at}
        for m, v, at in lines
    ]


TOWERS = [("towers", str(v), 10 * v) for v in (1, 2, 9, 10, 11)]


@pytest.mark.parametrize(
    ("champions", "newest", "expected"),
    [
        ({"towers": "1"}, 2, {10, 100, 110}),
        ({"towers": "11"}, 2, {100, 110}),
        ({"towers": "1"}, None, {10, 20, 90, 100, 110}),
        ({}, 2, {10, 20, 90, 100, 110}),
    ],
    ids=["old champion", "new champion", "all are asked for", "no champion is known"],
)
def test_data_of_the_champion_and_the_newest_versions_stays(
    champions: dict[str, str], newest: int | None, expected: set[int]
) -> None:
    assert pinned(learned(*TOWERS), champions, newest) == {"gold.t": expected}


def test_a_model_that_is_learnt_anew_each_time_needs_no_data_of_before() -> None:
    assert kept(learned(*TOWERS, ("ads", "20260330", 5))) == learned(*TOWERS)


def test_a_version_that_another_model_needs_stays() -> None:
    lines = learned(*TOWERS, ("ranker", "1", 20))
    assert pinned(lines, {"towers": "11", "ranker": "1"}, 1) == {"gold.t": {20, 110}}


@pytest.mark.parametrize(
    ("keep", "hours"), [((), 168), ((3,), 168), ((2,), 168), ((1,), 241), ((0, 2), 481)]
)
def test_under_a_catalog_vacuum_looks_back_to_the_end_of_the_oldest_version(
    keep: tuple[int, ...], hours: int
) -> None:
    days_ago = {0: 30, 1: 20, 2: 10, 3: 5}
    commits = [(v, NOW - timedelta(days=days)) for v, days in days_ago.items()]
    assert look_back(commits, keep, 168, NOW) == hours


def folder(root: Path, name: str, days: float, *files: str) -> Path:
    """A folder whose files were all written so long ago."""
    path = root / name
    path.mkdir(parents=True)
    for file in files:
        (path / file).write_text("x")
    at = (NOW - timedelta(days=days)).timestamp()
    for each in (*path.iterdir(), path):
        os.utime(each, (at, at))
    return path


def test_copies_and_runs_go_when_nothing_was_written_for_so_long(tmp_path: Path) -> None:
    old = folder(tmp_path, "feed/examples/aa", 8, "part.parquet")
    folder(tmp_path, "feed/examples/bb", 6, "part.parquet")
    killed = folder(tmp_path, "feed/examples/cc.12345678.tmp", 8)
    run = folder(tmp_path, "runs/dd", 9, "checkpoint.pt")
    busy = folder(tmp_path, "runs/ee", 9, "loss.json")
    (busy / "checkpoint.pt").write_text("now")
    os.utime(busy / "checkpoint.pt", (NOW.timestamp(), NOW.timestamp()))
    assert unused(tmp_path, 168, NOW) == [old, killed, run]


def test_the_checkpoint_a_stream_goes_on_from_stays_however_old(tmp_path: Path) -> None:
    before = folder(tmp_path, "streams/corner/20260101T000000-aa", 50, "metadata")
    folder(tmp_path, "streams/corner/20260102T000000-bb", 50, "metadata")
    folder(tmp_path, "streams/corner/20260228T000000-cc", 1)  # another one is about to begin
    assert unused(tmp_path, 168, NOW) == [before]


def test_what_is_half_removed_is_no_copy_any_more_and_goes_next_time(tmp_path: Path) -> None:
    old = folder(tmp_path, "feed/examples/aa", 8, "part.parquet")
    going = old.rename(old.with_name("aa.tmp"))  # killed right after
    assert unused(tmp_path, 168, NOW) == [going]
    remove(going)
    assert list((tmp_path / "feed" / "examples").iterdir()) == []


def test_a_training_that_may_go_on_is_seen(tmp_path: Path) -> None:
    folder(tmp_path, "runs/aa", 1, "loss.json")
    assert not is_training(tmp_path)
    folder(tmp_path, "runs/bb", 1, "checkpoint.pt")
    assert is_training(tmp_path)


PEOPLE = Contract(
    "silver.visits", "1.0.0", "", "", rules=(),
    columns=(
        Column("day", "date"), Column("page", "string"),
        Column("person_key", "string", classification="pseudonym"),
    ),
)  # fmt: skip


def test_a_table_is_sorted_by_columns_that_the_log_has_statistics_of() -> None:
    check_cluster("silver.visits", PEOPLE, ["day", "page"])
    with pytest.raises(GovernanceError, match="sorted by person_key"):
        check_cluster("silver.visits", PEOPLE, ["day", "person_key"])
    with pytest.raises(GovernanceError, match="sorted by day"):
        check_cluster("silver.unknown", None, ["day"])


def test_files_are_kept_no_shorter_than_readers_need_them(tmp_path: Path) -> None:
    assert load_maintain_settings().keep_hours == 168
    text = (conf_dir() / "maintain.yml").read_text()
    short = tmp_path / "maintain.yml"
    short.write_text(text.replace("keep_hours: 168", "keep_hours: 24"))
    with pytest.raises(SettingsError, match="keep_hours is 24"):
        load_maintain_settings(short)


def test_a_checkpoint_that_was_put_aside_is_not_the_one_a_stream_goes_on_from(
    tmp_path: Path,
) -> None:
    aside = folder(tmp_path, "streams/corner/20260103T000000-0123abcd.bak", 50, "metadata")
    folder(tmp_path, "streams/corner/20260102T000000-0123abcd", 50, "metadata")
    assert unused(tmp_path, 168, NOW) == [aside]
