"""Every file below a folder, what links lead to included; what cannot be listed is said."""

from __future__ import annotations

import os
from pathlib import Path


def files_below(root: Path) -> tuple[list[tuple[Path, str]], list[str]]:
    """The files below a folder, each with its name there, and what could not be listed, with why.

    A folder is listed once. A table that lies elsewhere and is linked to is part of the lake; where
    a link leads into the folder itself, its files have the names that they have there.
    """
    files: list[tuple[Path, str]] = []
    unread: list[str] = []
    links: list[Path] = []
    seen: set[str] = set()

    def told(path: Path | str) -> str:
        return os.path.relpath(path, root)

    def refused(error: OSError) -> None:
        unread.append(f"{told(error.filename)}: {error.strerror}")

    def listed(top: Path) -> None:
        for folder, below, names in os.walk(top, onerror=refused):
            seen.add(os.path.realpath(folder))
            here = Path(folder)
            links.extend(here / name for name in below if (here / name).is_symlink())
            for path in (here / name for name in names):
                if path.is_file():
                    files.append((path, told(path)))
                elif path.is_symlink() and not path.exists():
                    unread.append(f"{told(path)}: a link that leads nowhere")

    if root.exists():
        listed(root)
    while links:
        link = links.pop(0)
        if os.path.realpath(link) not in seen:
            listed(link)
    return sorted(files), sorted(unread)
