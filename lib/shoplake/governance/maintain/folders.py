"""Folders beside the tables that nobody will read again: copies, training runs, old checkpoints.

All of them are made again where somebody should need one, so age decides. What Spark keeps within
the checkpoint of a stream that goes on is Spark's to clean.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

#: The name of a stream's checkpoint (`ingest.stream.offsets`); one that was put aside has another.
STREAM = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")
#: A folder that is being removed: no reader takes it for a whole one, and the next run ends it.
_GOING = ".tmp"


def unused(root: Path, hours: int, now: datetime) -> list[Path]:
    """Folders in which nothing was written for `hours`.

    They are copies that Petastorm reads (`feed/`), training runs with their checkpoints and models
    (`runs/`; a registered model is in the registry), and checkpoints of streams whose place another
    one has taken (`streams/`). The newest checkpoint of a stream stays, however old.

    Args:
        root: the lake's folder.
        hours: how long they are kept.
        now: zoned.
    """
    limit = (now - timedelta(hours=hours)).timestamp()
    return [path for path in _candidates(root) if _written(path) < limit]


def remove(folder: Path) -> None:
    """Remove a folder under another name, so that a killed removal leaves no half a copy."""
    going = folder if folder.suffix == _GOING else folder.with_name(folder.name + _GOING)
    if going != folder:
        folder.rename(going)
    shutil.rmtree(going)


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def is_training(root: Path) -> bool:
    """Whether a training run is under way, or was killed and may go on.

    Its checkpoint names the files that it reads, so those must stay where they are.
    """
    return next(root.glob("runs/*/checkpoint.pt"), None) is not None


def _candidates(root: Path) -> Iterator[Path]:
    for path in sorted([*root.glob("feed/*/*"), *root.glob("runs/*")]):
        if path.is_dir():
            yield path
    for query in sorted(root.glob("streams/*/")):
        # A stream goes on from the last of these (`ingest.stream.consume`).
        known = sorted(path.parent for path in query.glob("*/metadata"))
        known = [path for path in known if STREAM.fullmatch(path.name)] or known
        yield from (p for p in sorted(query.iterdir()) if p.is_dir() and p not in known[-1:])


def _written(folder: Path) -> float:
    """When anything in a folder was last written, in seconds since 1970."""
    newest = folder.stat().st_mtime
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):  # somebody is at work here
            newest = max(newest, path.stat().st_mtime)
    return newest
