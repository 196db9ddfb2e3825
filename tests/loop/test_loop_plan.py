"""Which steps a run takes, and where it stops."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoplake import loop
from shoplake.errors import ShoplakeError

BUILD = ["ingest", "refine", "label", "features", "dataset", "train", "score"]


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the steps a run takes; they do nothing."""
    names: list[str] = []
    monkeypatch.setattr(loop, "job", lambda name: lambda argv: names.append(name))
    return names


@pytest.mark.parametrize(
    ("until", "steps"),
    [
        ("simulate", ["simulate"]),
        ("label", ["simulate", "ingest", "refine", "label"]),
        ("score", ["simulate", *BUILD]),
    ],
)
def test_a_run_stops_after_the_step_it_is_to_stop_after(
    taken: list[str], tmp_path: Path, until: str, steps: list[str]
) -> None:
    loop.run_loop("local", "builtin", data=None, lake=str(tmp_path), until=until)
    assert taken == steps


def test_a_step_that_a_real_shop_has_not_is_refused(taken: list[str], tmp_path: Path) -> None:
    with pytest.raises(ShoplakeError, match="online_retail has no step simulate"):
        loop.run_loop(
            "local", "online_retail", data=str(tmp_path), lake=str(tmp_path), until="simulate"
        )
    assert taken == []


def test_forecasts_come_before_the_lists_that_use_them() -> None:
    assert loop.steps_of(2, True, True) == ["respond", *BUILD[:-1], "forecast", "score"]


@pytest.mark.parametrize(("asked", "made"), [(None, True), (True, True), (False, False)])
def test_the_applications_end_a_run_of_the_built_in_shop(
    taken: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: bool | None,
    made: bool,
) -> None:
    for name in ("report", "cycle_summary"):
        monkeypatch.setattr(loop, name, lambda *_: None)
    loop.run_loop("local", "builtin", data=None, lake=str(tmp_path), until=None, applications=asked)
    plain = ["simulate", *BUILD, "respond", *BUILD]
    if made:
        assert taken[-5:] == ["neighbours", "rank", "target", "describe", "answer"]
        assert [name for name in taken[:-5] if name != "forecast"] == plain
        assert taken.count("forecast") == 1
    else:
        assert taken == plain


def test_the_applications_of_another_shop_are_made_where_they_are_asked_for(
    taken: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("report", "cycle_summary"):
        monkeypatch.setattr(loop, name, lambda *_: None)
    for asked in (None, True):
        loop.run_loop(
            *("local", "online_retail"),
            data=str(tmp_path), lake=str(tmp_path), until=None, applications=asked,
        )  # fmt: skip
    assert taken == [*BUILD, *BUILD[:-1], "forecast", "score", *loop.AFTERWARDS]
