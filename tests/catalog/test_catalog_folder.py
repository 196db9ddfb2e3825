from __future__ import annotations

import os
from pathlib import Path

import pytest

from shoplake.catalog import folder
from shoplake.catalog.folder import put, remove_below
from shoplake.errors import ShoplakeError


def names(out: Path) -> set[str]:
    return {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()} - {folder.MARK}


def test_a_new_site_replaces_the_old_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "catalog"
    put({"index.html": "1", "tables/gone.html": "1"}, out)
    put({"index.html": "2"}, out)
    assert names(out) == {"index.html"}
    assert (out / "index.html").read_text() == "2"
    assert [p.name for p in out.parent.iterdir()] == ["catalog"]


@pytest.mark.parametrize("content", [{"letter.txt": "mine"}, {"index.html": "mine"}])
def test_a_folder_of_somebody_else_is_not_touched(content: dict[str, str], tmp_path: Path) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ShoplakeError, match="no catalogue"):
        put({"index.html": "1"}, tmp_path)
    assert names(tmp_path) == set(content)


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    out = tmp_path / "catalog"
    out.mkdir()
    put({"index.html": "1"}, out)
    assert names(out) == {"index.html"}


@pytest.mark.parametrize("at", [1, 2])
def test_killed_at_any_rename_the_next_call_goes_on(
    at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "catalog"
    put({"index.html": "1"}, out)
    count = 0
    rename = os.rename

    def killed(*args: Path) -> None:
        nonlocal count
        count += 1
        if count == at:
            raise KeyboardInterrupt
        rename(*args)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            put({"index.html": "2"}, out)
    put({"index.html": "3"}, out)
    assert (out / "index.html").read_text() == "3"
    assert [p.name for p in tmp_path.iterdir()] == ["catalog"]


def test_catalogues_are_removed_wherever_they_are_and_nothing_else(tmp_path: Path) -> None:
    mine = tmp_path / "catalog" / "index.html"
    for out in (tmp_path / "lake" / "catalog", tmp_path / "lake" / "share" / "site"):
        put({"index.html": "1", "tables/a.html": "1"}, out)
    (tmp_path / "lake" / "share" / "letter.txt").write_text("mine")
    mine.parent.mkdir()
    mine.write_text("not made here")
    assert len(remove_below(tmp_path)) == 2
    assert names(tmp_path) == {"catalog/index.html", "lake/share/letter.txt"}
