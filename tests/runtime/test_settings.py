from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir, load


def changed(tmp_path: Path, **change: object) -> str:
    data = yaml.safe_load((conf_dir() / "env" / "local.yml").read_text())
    data.update(change)
    path = tmp_path / "env.yml"
    path.write_text(yaml.safe_dump(data))
    return str(path)


@pytest.mark.parametrize("env", ["local", "databricks"])
def test_shipped_environments_load(env: str) -> None:
    assert load(env).env == env


def test_unknown_key_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="did you mean 'catalog'"):
        load(changed(tmp_path, catalogue="x"))


def test_wrong_type_names_the_field(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"training: processes"):
        load(changed(tmp_path, training={"launch": "local", "processes": "two"}))


def test_literal_is_checked(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'inline', 'local', 'spark'"):
        load(changed(tmp_path, training={"launch": "cloud", "processes": 2}))


def test_missing_environment_lists_the_known(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="databricks, local"):
        load("moon")


def test_lake_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load("local", lake="here").lake == str(tmp_path / "here")


def test_an_object_store_is_no_folder() -> None:
    with pytest.raises(SettingsError, match="s3://shop/lake is no folder"):
        load("local", lake="s3://shop/lake")
    assert load("databricks", lake="s3://shop/files").lake == "s3://shop/files"
