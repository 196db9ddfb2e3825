"""What the commits of a table's folder did: left the rows as they are, or only added some."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

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


def added_by(folder: Path, since: int, until: int) -> list[str] | None:
    """The data files that commits after `since`, up to `until`, added.

    Returns:
        Paths, in the order of the commits; None where a commit also took files away or the log no
        longer has it, and where a file is gone or does not hold all columns of its rows.
    """
    found = []
    for version in range(since + 1, until + 1):
        try:
            lines = (folder / "_delta_log" / f"{version:020d}.json").read_bytes().splitlines()
        except FileNotFoundError:
            return None
        for line in lines:
            # The rest says nothing of files, or is a long text of statistics or schema.
            if line.startswith((b'{"remove"', b'{"metaData"', b'{"cdc"')):
                return None
            if line.startswith(b'{"add"'):
                action = json.loads(line)["add"]
                path = folder / unquote(action["path"])
                if action.get("partitionValues") or not path.exists():
                    return None
                found.append(str(path))
    return found
