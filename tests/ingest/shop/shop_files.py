"""The files of a simulated shop, read back for comparison."""

from __future__ import annotations

import gzip
from pathlib import Path

LAST_DAY = 13


def contents(folder: Path) -> dict[str, bytes]:
    """Relative path to bytes of every file below `folder`."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def lines(folder: Path, entity: str) -> list[str]:
    """The lines of all files of an entity, headers too, as text."""
    found = []
    for path in sorted((folder / "raw" / entity).rglob("*.*")):
        if path.is_file():
            data = path.read_bytes()
            text = gzip.decompress(data) if path.suffix == ".gz" else data
            found += text.decode().splitlines()
    return found
