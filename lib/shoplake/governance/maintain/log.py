"""A table's log: a checkpoint so that few commits are read, and away with what is too old."""

from __future__ import annotations

import re
from pathlib import Path

from shoplake.governance.maintain.settings import MaintainSettings
from shoplake.runtime.lake import Lake

_RETENTION = "delta.logRetentionDuration"
_COMMIT = re.compile(r"(\d{20})\.json")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint\..*parquet")


def keep_log(lake: Lake, table: str, days: int) -> bool:
    """Let a table's log go back so far, unless the table says itself how far; whether it was set.

    Without it, Delta's own clean-up forgets a version that a model learned from after 30 days.
    """
    row = lake.delta(table).detail().select("properties").first()
    assert row is not None
    if _RETENTION in row[0]:
        return False
    lake.spark.sql(
        f"ALTER TABLE {lake.identifier(table)}"
        f" SET TBLPROPERTIES ('{_RETENTION}' = 'interval {days} days')"
    )
    return True


def tidy_log(lake: Lake, table: str, said: MaintainSettings, *, dry_run: bool = False) -> int:
    """Checkpoint a long log and remove what is past its retention; how many files went.

    Under a catalog the platform does it by itself.
    """
    if lake.settings.catalog or dry_run:
        return 0
    from deltalake import DeltaTable as FolderTable

    folder = lake.folder(table)
    if commits_to_read(folder) >= said.log_commits:
        FolderTable(str(folder)).create_checkpoint()
    before = _files(folder)
    FolderTable(str(folder)).cleanup_metadata()
    return len(before - _files(folder))


def commits_to_read(folder: Path) -> int:
    """Commits of a table's folder after its last checkpoint: each is a file that readers open."""
    names = [p.name for p in (folder / "_delta_log").iterdir()]
    checkpoints = [int(m[1]) for n in names if (m := _CHECKPOINT.fullmatch(n))]
    last = max(checkpoints, default=-1)
    return sum(int(m[1]) > last for n in names if (m := _COMMIT.fullmatch(n)))


def _files(folder: Path) -> set[Path]:
    return {p for p in (folder / "_delta_log").iterdir() if p.is_file()}
