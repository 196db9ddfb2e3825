"""Dialogues are kept apart by person, hold ids only, and are forgotten."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from chat_lake import ANN, BOB

from shoplake.serve.assistant.dialogue import Sessions, State

STATE = State(order="shop:AC-40177", product="shop:MUG", intent="stock", turns=3)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path))
    return tmp_path


def test_a_dialogue_goes_on_under_its_name() -> None:
    Sessions("lake", ANN, 1).save("chat", STATE)
    assert Sessions("lake", ANN, 1).load("chat") == STATE
    assert Sessions("lake", ANN, 1).load("other") == State()


@pytest.mark.parametrize(("lake", "person"), [("lake", BOB), ("lake", None), ("pond", ANN)])
def test_nobody_goes_on_with_somebody_elses(lake: str, person: str | None) -> None:
    Sessions("lake", ANN, 1).save("chat", STATE)
    for name in ("chat", "../chat", f"../{ANN}/chat"):
        assert Sessions(lake, person, 1).load(name) == State()


def test_files_are_the_owners_alone_and_name_nobody(folder: Path) -> None:
    Sessions("lake", ANN, 1).save("../../chat", STATE)
    (path,) = [p for p in folder.rglob("*") if p.is_file()]
    assert path.stat().st_mode & 0o077 == 0
    assert ANN not in str(path) + path.read_text()


def test_old_and_broken_ones_are_forgotten(folder: Path) -> None:
    Sessions("lake", ANN, 1).save("chat", STATE)
    (path,) = [p for p in folder.rglob("*") if p.is_file()]
    os.utime(path, (time.time() - 3700,) * 2)
    assert Sessions("lake", ANN, 1).load("chat") == State()
    path.write_text('{"order": 1, "else": 2}')
    assert Sessions("lake", ANN, 1).load("chat") == State()


def test_an_erased_persons_dialogues_are_forgotten_and_others_stay() -> None:
    for person in (ANN, BOB):
        Sessions("lake", person, 1).save("chat", STATE)
    Sessions("lake", ANN, 1).forget()
    assert Sessions("lake", ANN, 1).load("chat") == State()
    assert Sessions("lake", BOB, 1).load("chat") == STATE
