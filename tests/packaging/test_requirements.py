"""Every package that the library imports is declared in setup.py and pinned in the lock."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import setuptools
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
OURS = {"shoplake", "shoplake_jobs", "shoplake_conf"}


@pytest.fixture(scope="module")
def declared() -> dict[str, Any]:
    """The arguments that setup.py gives to setup()."""
    arguments: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(setuptools, "setup", arguments.update)
        runpy.run_path("setup.py")
    return arguments


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(r).name) for r in requirements}


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, ours and Python's own left out."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module.split(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


def test_every_import_is_declared(declared: dict[str, Any]) -> None:
    extras = declared["extras_require"]
    used = ("local", "models", "tensorboard", "wandb")
    known = names([*declared["install_requires"], *(r for name in used for r in extras[name])])
    distributions = packages_distributions()
    for path in [*(ROOT / "lib").rglob("*.py"), *(ROOT / "jobs").glob("*.py")]:
        for package in imported(path):
            owners = {canonicalize_name(name) for name in distributions.get(package, [package])}
            assert owners & known, f"{path.relative_to(ROOT)} imports {package}: add it to setup.py"


def test_every_requirement_is_locked(declared: dict[str, Any]) -> None:
    text = (ROOT / "requirements.lock").read_text()
    pins = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", text))
    everything = [declared["install_requires"], *declared["extras_require"].values()]
    for requirement in map(Requirement, chain.from_iterable(everything)):
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement.name} is not in requirements.lock: run `make lock`"
        assert requirement.specifier.contains(pin, prereleases=True), (
            f"{requirement}: {pin} is locked"
        )


def test_the_lock_names_no_host() -> None:
    assert not re.search(
        r"://|--(extra-)?index|--find-links", (ROOT / "requirements.lock").read_text()
    )


@pytest.mark.slow
def test_jobs_start_where_delta_rs_is_not_installed() -> None:
    """Databricks installs the package without the extra `local`."""
    code = (
        "import importlib, sys; sys.modules['deltalake'] = None\n"
        "from shoplake.steps import JOBS\n"
        "for job in JOBS: importlib.import_module(f'shoplake_jobs.{job}')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
