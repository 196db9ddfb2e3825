"""`shoplake contract diff`: exit status, table and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shoplake.cli import main

FILE = """\
apiVersion: v3.1.0
kind: DataContract
id: shelf
version: 1.0.0
status: active
schema:
  - name: shelf
    physicalName: silver.shelf
    description: Things.
    properties:
      - name: id
        physicalType: string
        required: true
        primaryKey: true
      - name: price
        physicalType: int
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.yml"
    path.write_text(FILE)
    return path


def changed(old: Path, version: str, before: str, after: str) -> Path:
    new = old.with_name("new.yml")
    new.write_text(FILE.replace("1.0.0", version).replace(before, after))
    return new


def status(*arguments: object) -> int:
    try:
        main(["contract", "diff", *map(str, arguments)])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.mark.parametrize(
    ("version", "before", "after", "expected", "said"),
    [
        ("1.0.0", "", "", 0, "no clause differs"),
        ("1.0.1", "physicalType: int", "physicalType: string", 1, "write 2.0.0 or later"),
        ("2.0.0", "physicalType: int", "physicalType: string", 0, "the version says so"),
        ("1.0.0", "Things.", "All things.", 1, "write 1.0.1 or later"),
        ("1.0.1", "physicalType: int", "physicalType: bigint", 1, "write 1.1.0 or later"),
        ("1.1.0", "physicalType: int", "physicalType: bigint", 0, "the version says so"),
        ("0.9.0", "", "", 1, "older than 1.0.0"),
    ],
)
def test_exit_status_says_whether_the_version_fits(
    old: Path,
    version: str,
    before: str,
    after: str,
    expected: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status(old, changed(old, version, before, after)) == expected
    assert said in " ".join(capsys.readouterr().out.split())


def test_json_has_every_change_with_its_place(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = changed(old, "1.1.0", "physicalType: int", "physicalType: boolean")
    assert status(old, new, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["old"], found["new"], found["asks_for"]) == ("1.0.0", "1.1.0", "major")
    assert found["changes"] == [
        {
            "kind": "breaking",
            "clause": "price.type",
            "message": "changed from int to boolean",
            "breaks": ["backward", "forward"],
            "where": f"{new}:16",
        }
    ]


def test_mistakes_are_said(old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(old) == 1
    assert "compare it with what?" in capsys.readouterr().out
    assert status(old, tmp_path / "none.yml") == 1
    assert "no such contract file" in capsys.readouterr().out
    assert status("silver.people", "--lake", tmp_path) == 1
    assert "no record of the contract" in capsys.readouterr().out
