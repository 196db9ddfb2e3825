"""A site's files put in place as a whole, and never over something that is not a catalogue."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from shoplake.errors import ShoplakeError

#: A file that says that the folder was made here and may be replaced.
MARK = ".shoplake-catalog"


def put(files: Mapping[str, str], out: Path) -> None:
    """Replace the folder `out` by these files.

    Readers find the old site or the new one; killed in between, the next call goes on.

    Args:
        files: text by path relative to `out`.
        out: the folder; its parent is made where needed.

    Raises:
        ShoplakeError: `out` is something other than a catalogue or an empty folder.
    """
    out = out.absolute()
    if out.exists() and not _is_ours(out):
        raise ShoplakeError(
            "this is no catalogue, so it is not replaced",
            where=str(out),
            remedy="give --out a new folder, or an earlier catalogue",
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    for left in out.parent.glob(f".{out.name}.shoplake-*"):
        shutil.rmtree(left)
    made = Path(tempfile.mkdtemp(prefix=f".{out.name}.shoplake-", dir=out.parent))
    new, old = made / "new", made / "old"
    for name, text in {**files, MARK: "made by `shoplake catalog`\n"}.items():
        path = new / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    if out.exists():
        os.rename(out, old)
    os.rename(new, out)
    shutil.rmtree(made)


def remove_below(root: Path) -> list[Path]:
    """Remove every catalogue below `root`, unfinished ones too; returns their folders."""
    found = [mark.parent for mark in sorted(root.rglob(MARK))]
    for folder in found:
        shutil.rmtree(folder)
    return found


def _is_ours(out: Path) -> bool:
    return out.is_dir() and ((out / MARK).is_file() or not any(out.iterdir()))
