"""What was done, as a file that names nobody, chained by hashes to the certificate before it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

_FOLDER = "erasures"
#: What the first certificate of a lake follows.
START = "0" * 64


def certificates(root: Path) -> list[Path]:
    """The lake's certificates, the oldest first."""
    return sorted((root / _FOLDER).glob("*.json"))


def newest_hash(root: Path) -> str:
    """SHA-256 of the newest certificate's bytes; zeros when there is none."""
    found = certificates(root)
    return hashlib.sha256(found[-1].read_bytes()).hexdigest() if found else START


def previous_of(path: Path) -> str:
    """The hash of the certificate before this one, as it says."""
    return str(json.loads(path.read_text())["previous"])


def write(root: Path, request: str, body: dict[str, Any]) -> tuple[Path, str]:
    """Write a certificate in one rename; returns its path and SHA-256."""
    folder = root / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{len(certificates(root)) + 1:06d}-{request}.json"
    data = json.dumps(body, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"
    made = path.with_suffix(".tmp")
    with made.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
    return path, hashlib.sha256(data).hexdigest()


def broken_links(root: Path) -> list[str]:
    """Certificates that do not follow the one before them: one was changed, added or removed."""
    previous, broken = START, []
    for path in certificates(root):
        data = path.read_bytes()
        if json.loads(data).get("previous") != previous:
            broken.append(path.name)
        previous = hashlib.sha256(data).hexdigest()
    return broken
