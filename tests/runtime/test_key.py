from __future__ import annotations

import dataclasses
import os
import stat
from pathlib import Path

import pytest

from shoplake.errors import SettingsError
from shoplake.governance.erasure.suppress import erasure_key
from shoplake.runtime.key import pseudonym_key
from shoplake.runtime.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("SHOPLAKE_PSEUDONYM_KEY", raising=False)
    return dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))


def test_environment_comes_first(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", "k" * 20)
    assert pseudonym_key(settings) == b"k" * 20


def test_file_is_made_once_beside_the_lake_for_its_owner_alone(settings: Settings) -> None:
    first = pseudonym_key(settings)
    path = Path(settings.lake + ".key")
    assert pseudonym_key(settings) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not (settings.root / "lake.key").exists()


def test_a_first_key_is_never_there_by_half(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flush = Path(settings.lake + ".key"), os.fsync
    seen: list[bool] = []

    def slowly(descriptor: int) -> None:
        seen.append(path.exists())
        flush(descriptor)
        # Another process comes first.
        path.write_text("o" * 64)

    monkeypatch.setattr("os.fsync", slowly)
    assert pseudonym_key(settings) == b"o" * 64
    assert seen == [False]
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_short_key_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", "short")
    with pytest.raises(SettingsError, match="shorter than 16 bytes"):
        pseudonym_key(settings)


def made_under_a_key(settings: Settings) -> None:
    log = settings.root / "governance" / "vault" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").touch()


def test_no_new_key_is_made_for_a_lake_that_was_made_under_one(settings: Settings) -> None:
    made_under_a_key(settings)
    with pytest.raises(SettingsError, match=r"governance\.vault was made with is missing") as error:
        pseudonym_key(settings)
    assert error.value.where is not None
    assert "SHOPLAKE_PSEUDONYM_KEY" in error.value.where
    assert settings.lake + ".key" in error.value.where
    assert not Path(settings.lake + ".key").exists()


def test_a_key_that_is_there_is_read_whatever_the_lake_holds(settings: Settings) -> None:
    first = pseudonym_key(settings)
    made_under_a_key(settings)
    assert pseudonym_key(settings) == first
    assert pseudonym_key(settings, make=False) == first


def test_what_only_looks_up_makes_no_key(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="there is no pseudonym key yet"):
        pseudonym_key(settings, make=False)
    assert not Path(settings.lake + ".key").exists()


def test_the_first_erasure_makes_its_key_in_a_lake_with_pseudonyms(settings: Settings) -> None:
    made_under_a_key(settings)
    first = erasure_key(settings)
    assert erasure_key(settings, make=False) == first


def test_no_new_key_is_made_once_somebody_was_erased(settings: Settings) -> None:
    log = settings.root / "governance" / "erasures" / "_delta_log"
    log.mkdir(parents=True)
    (log / "00000000000000000000.json").touch()
    with pytest.raises(SettingsError, match=r"governance\.erasures was made with is missing"):
        erasure_key(settings)
