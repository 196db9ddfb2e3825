"""`shoplake catalog` as a user calls it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pond import write_conf, write_lake

from shoplake.cli import main
from shoplake.runtime import settings


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "conf").mkdir()
    conf = write_conf(tmp_path / "conf")
    monkeypatch.setattr(settings, "conf_dir", lambda: conf)
    (conf / "env").mkdir()
    source = Path(__file__).resolve().parents[2] / "conf" / "env" / "local.yml"
    (conf / "env" / "local.yml").write_text(source.read_text())
    return write_lake(tmp_path / "lake")


def test_it_writes_below_the_lake_and_prints_where(
    lake: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["catalog", "--lake", str(lake)])
    index = lake / "catalog" / "index.html"
    assert capsys.readouterr().out.strip() == str(index)
    first = index.read_bytes()
    main(["catalog", "--lake", str(lake)])
    assert index.read_bytes() == first


def test_it_opens_what_it_wrote(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    out = lake.parent / "elsewhere"
    main(["catalog", "--lake", str(lake), "--out", str(out), "--open"])
    assert opened == [(out / "index.html").as_uri()]


def test_without_a_lake_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["catalog", "--lake", str(tmp_path / "none")])
    assert "there is no lake here" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()
