"""`shoplake erase --verify` says nothing of somebody, a shop or a key that it does not know."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.cli import main
from shoplake.commands.erase import _print
from shoplake.governance.erasure.scan import Place
from shoplake.governance.erasure.suppress import digest, erasure_key
from shoplake.governance.erasure.verify import Search
from shoplake.refine.pseudonym import Secret, key_id, pseudonym
from shoplake.runtime.settings import Settings, load

KEY = "k" * 40
Verify = Callable[..., tuple[int, str]]


def write(settings: Settings, table: str, **columns: list[Any]) -> None:
    write_deltalake(str(settings.root / table.replace(".", "/")), pa.table(columns))


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """One shop with two people, one of whom came after the last `refine`."""
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", KEY)
    settings = dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))
    write(settings, "bronze.people", _source=["corner"] * 2, person_id=[" 17850.0", " 17900.0"])
    secret = Secret(KEY)
    write(
        settings,
        "governance.vault",
        pseudonym=[pseudonym("corner:17850", secret)],
        key_id=[key_id(secret)],
        retired=[False],
        shop=["corner"],
        value=["17850"],
    )
    return settings


@pytest.fixture
def verify(lake: Settings, capsys: pytest.CaptureFixture[str]) -> Verify:
    def run(subject: str, *more: str) -> tuple[int, str]:
        try:
            main(["erase", "--verify", subject, "--lake", lake.lake, *more])
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        said = capsys.readouterr()
        return code, " ".join((said.out + said.err).split())

    return run


@pytest.mark.parametrize("person", ["17850", "17900"])
def test_somebody_whom_a_table_names_is_found(verify: Verify, person: str) -> None:
    code, said = verify(f"corner:{person}")
    assert code == 1
    assert "bronze/people" in said


def test_a_misspelt_shop_is_refused(verify: Verify) -> None:
    for more in ([], ["--unknown"]):
        code, said = verify("cornre:17850", *more)
        assert code == 1
        assert "there is no shop 'cornre'" in said
        assert "corner" in said
        assert "nothing found" not in said


def test_an_id_that_nobody_has_is_refused_unless_it_is_meant(verify: Verify) -> None:
    code, said = verify("corner:178")
    assert code == 1
    assert "no table names this person" in said
    assert verify("corner:178", "--unknown")[0] == 0


def test_a_pseudonym_that_nobody_has_is_refused(verify: Verify) -> None:
    assert "no table names this person" in verify("ab" * 16)[1]


def test_somebody_who_was_erased_is_searched_for(verify: Verify, lake: Settings) -> None:
    gone = digest("corner", "12346", erasure_key(lake))
    write(lake, "governance.erasures", digests=[[gone]])
    code, said = verify("corner:12346")
    assert code == 0
    assert "nothing found" in said


def test_without_the_key_nothing_is_said(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOPLAKE_PSEUDONYM_KEY")
    code, said = verify("corner:17850")
    assert code == 1
    assert "no pseudonym key" in said
    assert "values in" not in said


def test_another_key_is_refused(verify: Verify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", "x" * 40)
    code, said = verify("corner:17850")
    assert code == 1
    assert "not the one that the lake's pseudonyms were made with" in said
    assert "values in" not in said


def test_names_of_files_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    place = Place("a/[bold]x[/].csv", "id 1***", "plain", "[red]")
    _print(Search((place,), ("b/[/]y.gz: cut",), 2, 0, 1, (), "m"))
    said = capsys.readouterr().out
    assert "a/[bold]x[/].csv" in said
    assert "[red]" in said
    assert "b/[/]y.gz: cut" in said
