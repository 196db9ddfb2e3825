"""The commands of the README and the how-tos do what they say, on a lake that the loop made."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from small_loop import Loop

from shoplake.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Commands that only look; the others have tests of their own.
LOOKS = ("status", "sql", "check", "lineage")
EXAMPLES = [
    pytest.param(match[1], id=f"{page.name}:{match[1][:50]}")
    for page in PAGES
    for match in re.finditer(r"^\$ shoplake ([^\n#]+)", page.read_text(), re.MULTILINE)
    if match[1].split()[0] in LOOKS
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_runs_and_answers(
    loop: Loop, capsys: pytest.CaptureFixture[str], example: str
) -> None:
    words = shlex.split(example)
    where = [] if words[0] == "check" else ["--lake", loop.settings.lake]
    main([*words, *where])
    assert "(no rows)" not in (shown := capsys.readouterr().out)
    assert len(shown.splitlines()) > (0 if words[0] == "check" else 3)


def test_the_first_screen_names_the_two_commands() -> None:
    first = (ROOT / "README.md").read_text()[:900]
    assert "$ make run" in first
    assert "$ make test" in first
