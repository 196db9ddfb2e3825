"""How many files a table has, and how many fewer would do."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from shoplake.governance.maintain.settings import MaintainSettings
from shoplake.runtime.lake import Lake

MB = 1_000_000


@dataclass(frozen=True)
class Files:
    """The data files of a table's newest version.

    Attributes:
        count: how many.
        bytes: their size together.
        spare: how many fewer there would be if the small ones of each partition were joined.
    """

    count: int
    bytes: int
    spare: int


def files_of(lake: Lake, table: str, said: MaintainSettings) -> Files:
    """The files of a table; under a catalog from their number and mean size alone."""
    small, target = said.small_mb * MB, said.target_mb * MB
    if lake.settings.catalog:
        row = lake.delta(table).detail().select("numFiles", "sizeInBytes").first()
        assert row is not None
        count, size = int(row[0]), int(row[1])
        mean = size / count if count else 0
        return Files(count, size, spare([mean] * count, small, target))
    from deltalake import DeltaTable as FolderTable

    actions = FolderTable(str(lake.folder(table))).get_add_actions()
    sizes = [int(n) for n in actions.column("size_bytes").to_pylist()]
    parts: dict[str, list[float]] = {}
    for path, size in zip(actions.column("path").to_pylist(), sizes, strict=True):
        parts.setdefault(str(path).rpartition("/")[0], []).append(size)
    saved = sum(spare(part, small, target) for part in parts.values())
    return Files(len(sizes), sum(sizes), saved)


def spare(sizes: Iterable[float], small: int, target: int) -> int:
    """How many files fewer there are when those below `small` bytes become some of `target`."""
    few = [size for size in sizes if size < small]
    return len(few) - max(1, math.ceil(sum(few) / target)) if few else 0
