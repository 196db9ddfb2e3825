"""`shoplake ask`: who asks is said on the command line; dialogues, JSON, and clear refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from chat_lake import ANN, BOB, write

from shoplake.cli import main
from shoplake.refine.pseudonym import Secret, key_id, pseudonym
from shoplake.runtime.settings import Settings

pytestmark = pytest.mark.usefixtures("assistant")


def asked(capsys: pytest.CaptureFixture[str], lake: Settings, *said: str) -> dict[str, Any]:
    main(["ask", *said, "--lake", lake.lake, "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_words_and_rows_are_printed(lake: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    main(["ask", "where is my order?", "--as", ANN, "--lake", lake.lake])
    out = " ".join(capsys.readouterr().out.split())
    assert "Order AC-40177" in out
    assert "from silver.orders[shop:AC-40177]@v0" in out


def test_a_session_goes_on_and_is_one_persons(
    lake: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(capsys, lake, "where is order A-100?", "--as", ANN, "--session", "tea")
    then = asked(capsys, lake, "how much was it?", "--as", ANN, "--session", "tea")
    assert "9.00 GBP" in then["text"]
    assert then["state"]["turns"] == 2
    other = asked(capsys, lake, "how much was it?", "--as", BOB, "--session", "tea")
    assert other["state"]["turns"] == 1
    assert "A-100" not in json.dumps(other)


def test_a_person_may_be_named_as_the_shop_does(
    lake: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(lake.pseudonym_key.env, "k" * 40)
    key = pseudonym("shop:17", Secret("k" * 40))
    write(lake, "silver.identities", [{"identity_key": key, "person_key": ANN, "shop": "shop"}])
    assert "AC-40177" in asked(capsys, lake, "where is my order?", "--as", "shop:17.0")["text"]


def test_another_key_than_the_lakes_finds_nobody_and_is_told(
    lake: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(lake.pseudonym_key.env, "k" * 40)
    of_another = {"pseudonym": ANN, "key_id": key_id(Secret("m" * 40)), "retired": False}
    write(lake, "governance.vault", [of_another])
    try:
        with pytest.raises(SystemExit):
            main(["ask", "where is my order?", "--as", "shop:17", "--lake", lake.lake])
    finally:
        shutil.rmtree(lake.root / "governance" / "vault")
    assert "is not the one that the lake's" in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hello", "--as", "Ann"], "names nobody"),
        (["hello", "--as", "x' or person_key <> '"], "names nobody"),
        (["  "], "what is asked?"),
        (["hello", "--serve"], "what is asked?"),
        (["hello", "--questions", "nowhere"], "no questions here"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: list[str], said: str, lake: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["ask", *arguments, "--lake", lake.lake])
    assert stopped.value.code == 1
    assert said in capsys.readouterr().out


def test_without_a_lake_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["ask", "hello", "--lake", str(tmp_path / "none")])
    assert "there is no lake here" in capsys.readouterr().out
