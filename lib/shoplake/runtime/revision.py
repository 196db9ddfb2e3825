"""Which code is running: the checkout's git revision, else the package's version."""

from __future__ import annotations

import subprocess
from pathlib import Path

from shoplake import __version__


def code_revision() -> str:
    """The commit of the checkout (with `+` when it has changes), or the installed version."""
    folder = Path(__file__).resolve().parents[3]
    if not (folder / ".git").exists():
        return __version__
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return __version__
    return commit + ("+" if changed else "")


def _git(folder: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *command], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()
