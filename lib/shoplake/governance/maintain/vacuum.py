"""VACUUM: files that no version which somebody may still read needs."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from shoplake.runtime.commits import rearranged_to
from shoplake.runtime.lake import Lake


@dataclass(frozen=True)
class Removed:
    """Files that went, or would go."""

    files: int = 0
    bytes: int = 0


def vacuum(
    lake: Lake, table: str, keep: Collection[int], hours: int, *, dry_run: bool = False
) -> Removed | None:
    """Remove what no kept version needs and the newest has not needed for `hours`.

    In a lake of folders the files of the kept versions stay, however old, and only they. Delta's
    own VACUUM, which a catalog needs, knows no versions to keep: there it looks back as far as the
    oldest of them.

    Args:
        lake, table: what to clean.
        keep: versions that models learned from.
        hours: how long every other file stays.
        dry_run: only look; under a catalog that is not done.

    Returns:
        What went; None under a catalog, where it is not counted.
    """
    if lake.settings.catalog:
        if not dry_run:
            far = _hours(lake, table, keep, hours)
            lake.spark.sql(f"VACUUM {lake.identifier(table)} RETAIN {far} HOURS")
        return None
    from deltalake import DeltaTable as FolderTable

    folder = lake.folder(table)
    delta = FolderTable(str(folder))
    kept = [v for v in {rearranged_to(folder, v) for v in keep} if _is_readable(folder, v)]

    def run(*, dry: bool) -> list[str]:
        # The limit is checked where it is read: conf/maintain.yml.
        return delta.vacuum(
            hours,
            dry_run=dry,
            enforce_retention_duration=False,
            full=True,
            keep_versions=sorted(kept) or None,
        )

    # Those that an earlier one removed are named as long as the log tells of them.
    gone = [path for name in run(dry=True) if (path := folder / name).is_file()]
    size = sum(path.stat().st_size for path in gone)
    if gone and not dry_run:
        run(dry=False)
        for path in gone:
            # Spark's checksum beside the file, of which delta-rs does not know.
            path.with_name(f".{path.name}.crc").unlink(missing_ok=True)
    return Removed(len(gone), size)


def look_back(
    commits: Iterable[tuple[int, datetime]], keep: Collection[int], hours: int, now: datetime
) -> int:
    """Hours that a VACUUM has to look back so that the kept versions stay readable.

    A file that a version needs goes when a later commit has been its end for longer than that.

    Args:
        commits: version and time of the table's commits.
        keep: the versions.
        hours: at least so many.
        now: as zoned as the times.
    """
    ends = [at for version, at in commits if keep and version > min(keep)]
    if not ends:
        return hours
    return max(hours, math.ceil((now - min(ends)).total_seconds() / 3600) + 1)


def _hours(lake: Lake, table: str, keep: Collection[int], hours: int) -> int:
    if not keep:
        return hours
    past = lake.delta(table).history().select("version", "timestamp").collect()
    now = lake.spark.sql("SELECT current_timestamp()").collect()[0][0]
    return look_back([(int(v), at) for v, at in past], keep, hours, now)


def _is_readable(folder: Path, version: int) -> bool:
    """Whether the log still goes back to a version."""
    from deltalake import DeltaTable as FolderTable
    from deltalake.exceptions import DeltaError

    with suppress(DeltaError):
        FolderTable(str(folder), version=version, without_files=True)
        return True
    return False
