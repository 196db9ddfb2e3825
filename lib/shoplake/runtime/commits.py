"""Which commits of a Delta log leave a table's rows as they are: a version of theirs is no news."""

from __future__ import annotations

import json
from pathlib import Path

#: Operations, as the log names them, that rearrange files or say something of the table. Its rows
#: are those of the version before, so nothing that was built from that one is out of date.
REARRANGING = frozenset({"OPTIMIZE", "REORG", "VACUUM START", "VACUUM END", "SET TBLPROPERTIES"})


def changed_at(folder: Path, version: int) -> int:
    """The version of a table's folder that last changed rows, at or before `version`."""
    while version > 0 and _rearranges(folder, version):
        version -= 1
    return version


def rearranged_to(folder: Path, version: int) -> int:
    """The newest version whose rows are those of `version`, after commits that rearranged files."""
    while _rearranges(folder, version + 1):
        version += 1
    return version


def _rearranges(folder: Path, version: int) -> bool:
    """Whether a commit leaves the rows alone; False for one that the log no longer has."""
    try:
        with (folder / "_delta_log" / f"{version:020d}.json").open("rb") as lines:
            for line in lines:
                if line.startswith(b'{"commitInfo"'):
                    return json.loads(line)["commitInfo"].get("operation") in REARRANGING
    except FileNotFoundError:
        pass
    return False
