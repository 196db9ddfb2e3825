from __future__ import annotations

import dataclasses
import stat
from pathlib import Path

import pytest

from shoplake.errors import SettingsError
from shoplake.runtime.key import pseudonym_key, replace_key
from shoplake.runtime.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("SHOPLAKE_PSEUDONYM_KEY", raising=False)
    return load("local", lake=str(tmp_path / "lake"))


def test_the_new_key_is_another_one_for_its_owner_alone(settings: Settings, tmp_path: Path) -> None:
    first = pseudonym_key(settings)
    replace_key(settings)
    second = pseudonym_key(settings)
    assert first != second
    assert len(second) == 64
    (file,) = tmp_path.iterdir()  # and nothing else is left
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_kept_elsewhere_is_changed_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", "x" * 20)
    with pytest.raises(SettingsError, match="changed where it is kept"):
        replace_key(settings)
    source = dataclasses.replace(settings.pseudonym_key, file=None)
    monkeypatch.delenv("SHOPLAKE_PSEUDONYM_KEY")
    with pytest.raises(SettingsError, match="not kept in a file"):
        replace_key(dataclasses.replace(settings, pseudonym_key=source))
