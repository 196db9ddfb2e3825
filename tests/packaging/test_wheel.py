"""The wheel carries everything a job needs: library, jobs, conf and entry points."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network from a copy, and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in ("lib", "jobs", "conf"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, source)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--no-index", "--wheel-dir", folder, source], check=True)
    unpacked = folder / "unpacked"
    with zipfile.ZipFile(next(folder.glob("shoplake-*-py3-none-any.whl"))) as archive:
        archive.extractall(unpacked)
    return unpacked


@pytest.mark.parametrize(
    ("folder", "package", "pattern"),
    [
        ("conf", "shoplake_conf", "*.yml"),
        ("jobs", "shoplake_jobs", "*.py"),
        ("lib/shoplake", "shoplake", "*.py"),
        ("lib/shoplake/catalog", "shoplake/catalog", "*.html"),
        ("lib/shoplake/catalog/static", "shoplake/catalog/static", "*.*"),
        ("lib/shoplake/serve/assistant/static", "shoplake/serve/assistant/static", "*.*"),
    ],
)
def test_wheel_holds_every_file_of(folder: str, package: str, pattern: str, wheel: Path) -> None:
    files = {p.relative_to(ROOT / folder) for p in (ROOT / folder).rglob(pattern)}
    assert files
    assert files <= {p.relative_to(wheel / package) for p in (wheel / package).rglob(pattern)}


@pytest.mark.parametrize("name", ["py.typed", "runtime/log4j2.properties"])
def test_wheel_holds_the_librarys_data_file(name: str, wheel: Path) -> None:
    assert (wheel / "shoplake" / name).is_file()


def test_wheel_declares_the_command_and_one_entry_point_a_step(wheel: Path) -> None:
    metadata = configparser.ConfigParser()
    metadata.read(next(wheel.glob("shoplake-*.dist-info")) / "entry_points.txt")
    scripts = dict(metadata["console_scripts"])
    assert scripts.pop("shoplake") == "shoplake.cli:main"
    assert scripts["shoplake-ingest"] == "shoplake_jobs.ingest:main"
    assert all(
        target == f"shoplake_jobs.{name.removeprefix('shoplake-')}:main"
        for name, target in scripts.items()
    )


def test_wheel_finds_its_own_conf(wheel: Path) -> None:
    code = "from shoplake.runtime.settings import conf_dir; print(conf_dir())"
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=wheel.parent,
        env={"PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(wheel / "shoplake_conf")
