"""Command lines of the documents are ones that the programs take."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pytest

from shoplake import cli
from shoplake.steps import JOBS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: A name in capitals, and what may be left out, stand for what the reader writes.
_MAYBE = re.compile(r"\[([^\]]*)\]")


def lines() -> list[tuple[str, str]]:
    found = []
    for page in PAGES:
        if page.name == "decisions.md":
            continue  # of their day
        for block in re.findall(
            r"^```(?:sh|bash|console)\n(.*?)^```", page.read_text(), re.S | re.M
        ):
            whole = block.replace("\\\n", " ")
            for line in whole.splitlines():
                said = line.strip().removeprefix("$ ")
                if said.startswith(("shoplake ", "spark-submit jobs/")):
                    found.append((page.name, said))
    return found


@pytest.mark.parametrize(("page", "line"), lines())
def test_a_command_line_is_taken(page: str, line: str) -> None:
    words = shlex.split(_MAYBE.sub(r"\1", line), comments=True)
    words = words[: next((i for i, w in enumerate(words) if w in ("|", ">", "&&")), len(words))]
    if words[0] == "spark-submit":
        job_of(Path(words[1]).stem).parse_args(words[2:])
    elif words[1] == "step":
        job_of(words[2]).parse_args(words[3:])
    else:
        cli.parser().parse_args(words[1:])


def job_of(name: str) -> argparse.ArgumentParser:
    assert name in JOBS
    parser: argparse.ArgumentParser = importlib.import_module(f"shoplake_jobs.{name}").parser()
    return parser


def test_there_are_command_lines() -> None:
    assert len(lines()) > 50
