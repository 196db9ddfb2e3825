"""`make` on a fresh machine: it lists its commands, and says in one line what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what `make setup` reads, with nothing installed."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    for name in ("Makefile", "setup.py", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    return folder


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs, put before the system's, with the right Python and Java."""
    folder = tmp_path / "bin"
    for name in ("python3.11", "python3", "python"):
        program(folder, name, "exit 0")
    program(folder, "java", """echo 'openjdk version "17.0.9" 2023-10-17' >&2""")
    return folder


def run(command: list[str], checkout: Path, machine: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{machine}{os.pathsep}{os.defpath}"}
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)


def wrong_python(machine: Path) -> None:
    for name in ("python3.11", "python3", "python"):
        program(machine, name, '[ "$1" = --version ] && echo Python 3.9.2 || exit 1')


def wrong_java(machine: Path) -> None:
    program(machine, "java", """echo 'openjdk version "11.0.2" 2019-01-15' >&2""")


def test_make_alone_lists_every_command(checkout: Path, machine: Path) -> None:
    listed = run(["make"], checkout, machine).stdout
    for command in ("run", "test", "lint", "check", "bench", "setup", "wheel", "lock", "clean"):
        assert f"make {command} " in listed
    assert listed == run(["make", "help"], checkout, machine).stdout


def test_the_right_python_is_found(checkout: Path, machine: Path) -> None:
    found = run([".ci/find-python"], checkout, machine)
    assert (found.returncode, found.stdout) == (0, f"{machine}/python3.11\n")


def test_a_wrong_python_gets_one_line_with_the_remedy(checkout: Path, machine: Path) -> None:
    wrong_python(machine)
    found = run([".ci/find-python"], checkout, machine)
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert "needs Python 3.11, found Python 3.9.2: install it" in found.stderr


def test_the_right_java_passes_without_a_word(checkout: Path, machine: Path) -> None:
    found = run([".ci/check-java"], checkout, machine)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_a_wrong_java_gets_one_line_with_the_remedy(checkout: Path, machine: Path) -> None:
    wrong_java(machine)
    found = run([".ci/check-java"], checkout, machine)
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert "needs Java 17, found 11.0.2" in found.stderr
    assert "JAVA_HOME" in found.stderr


def test_no_java_gets_one_line_with_the_remedy(checkout: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    sed = shutil.which("sed")
    assert sed
    (empty / "sed").symlink_to(sed)
    found = subprocess.run(
        ["/bin/sh", ".ci/check-java"],
        cwd=checkout,
        env={"PATH": str(empty)},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 1
    assert found.stderr.count("\n") == 1
    assert "needs Java 17, found none" in found.stderr


@pytest.mark.parametrize(("spoil", "remedy"), [(wrong_python, "Python"), (wrong_java, "Java")])
def test_setup_stops_before_it_makes_anything(
    checkout: Path, machine: Path, spoil: object, remedy: str
) -> None:
    assert callable(spoil)
    spoil(machine)
    found = run(["make", "setup"], checkout, machine)
    assert found.returncode != 0
    assert f"shoplake needs {remedy}" in found.stderr.splitlines()[0]
    assert not (checkout / ".venv").exists()


PYTHON = """
case "$*" in
"-m venv --clear .venv")
    echo venv >> calls
    rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
*--requirement*)
    echo install >> calls
    [ ! -e fail ] ;;
esac
"""


def test_an_interrupted_setup_starts_afresh_and_a_finished_one_is_kept(
    checkout: Path, machine: Path
) -> None:
    program(machine, "python3.11", PYTHON)
    (checkout / "fail").touch()
    assert run(["make", "setup"], checkout, machine).returncode != 0
    assert not (checkout / ".venv" / ".installed").exists()

    (checkout / "fail").unlink()
    assert run(["make", "setup"], checkout, machine).returncode == 0
    assert (checkout / ".venv" / ".installed").exists()
    assert run(["make", "setup"], checkout, machine).returncode == 0
    assert (checkout / "calls").read_text().split() == ["venv", "install", "venv", "install"]

    later = (checkout / ".venv" / ".installed").stat().st_mtime + 10
    os.utime(checkout / "requirements.lock", (later, later))
    assert run(["make", "setup"], checkout, machine).returncode == 0
    assert (checkout / "calls").read_text().split()[4:] == ["install"]


def test_ci_ends_with_what_the_tests_print(checkout: Path, machine: Path) -> None:
    program(machine, "id", "echo 1000")
    program(machine, "make", 'echo "make $1"')
    result = run([".ci/run"], checkout, machine)
    assert result.returncode == 0, result.stderr
    assert [line for line in result.stdout.splitlines() if "make" in line][-2:] == [
        "make test",
        "make slow",
    ]


@pytest.mark.parametrize("failing", ["setup", "lint", "test", "slow"])
def test_ci_fails_at_the_first_step_that_fails(checkout: Path, machine: Path, failing: str) -> None:
    program(machine, "id", "echo 1000")
    program(machine, "make", f'echo "make $1"; [ "$1" != {failing} ]')
    result = run([".ci/run"], checkout, machine)
    assert result.returncode != 0
    assert result.stdout.splitlines()[-1] == f"make {failing}"
