"""A room of lib/shoplake imports only the rooms below it; pyproject.toml has the contract."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
LAYERS: list[str] = CONTRACT["contracts"][0]["layers"]


@pytest.fixture
def skeleton(tmp_path: Path) -> Path:
    """Every layer of the contract as an empty module, beside the real pyproject.toml."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for layer in LAYERS:
        folder = tmp_path.joinpath(*layer.split("."))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
    (tmp_path / "shoplake" / "__init__.py").touch()
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [command, "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )


def test_the_contract_holds_when_rooms_look_down(skeleton: Path) -> None:
    (skeleton / "shoplake_jobs" / "train.py").write_text("import shoplake.evaluate\n")
    (skeleton / "shoplake" / "evaluate" / "ranking.py").write_text("import shoplake.models\n")
    result = lint(skeleton)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("lower", "upper"),
    [
        ("shoplake.runtime", "shoplake.evaluate"),
        ("shoplake.models", "shoplake.evaluate"),
        ("shoplake.ingest", "shoplake.refine"),
        ("shoplake.serve", "shoplake_jobs"),
        ("shoplake.errors", "shoplake.runtime"),
    ],
)
def test_the_contract_breaks_when_a_room_looks_up(skeleton: Path, lower: str, upper: str) -> None:
    module = skeleton.joinpath(*lower.split("."), "upward.py")
    module.write_text(f"import {upper}\n")
    result = lint(skeleton)
    assert result.returncode != 0
    assert f"{lower} is not allowed to import {upper}" in result.stdout


def test_every_room_is_in_the_contract() -> None:
    library = ROOT / "lib" / "shoplake"
    rooms = {p.parent.name for p in library.glob("*/__init__.py")}
    modules = {p.stem for p in library.glob("*.py")} - {"__init__"}
    assert {f"shoplake.{name}" for name in rooms | modules} <= set(LAYERS)
