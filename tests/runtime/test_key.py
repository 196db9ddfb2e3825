from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

import pytest

from shoplake.errors import SettingsError
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


def test_short_key_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", "short")
    with pytest.raises(SettingsError, match="shorter than 16 bytes"):
        pseudonym_key(settings)
