"""Making a table's old bytes unreachable: what DELETE leaves in files, change feed and log.

Delta keeps what was deleted in the files of older versions, in files that a deletion vector hides
rows of, in `_change_data`, and in its log: values in statistics, in predicates, in checksums and
checkpoints. After `purge_table` only the newest version's files are there, and its log is one
checkpoint and one commit. Deleting log files before a checkpoint is what Delta's own cleanup does
(PROTOCOL.md, "Metadata Cleanup"), only not after 30 days but now; readers of older versions fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from shoplake.runtime.alone import sweeping
from shoplake.runtime.lake import Lake

_CONF = {
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    # VACUUM would write a commit with paths; it tells nothing and makes a version.
    "spark.databricks.delta.vacuum.logging.enabled": "false",
}
_VERSION = re.compile(r"^\.?(\d{20})\.")
_RANGE = re.compile(r"^\.?\d{20}\.(\d{20})\.compacted")


def purge_table(lake: Lake, table: str, dirty: Callable[[Path], bool]) -> dict[str, int]:
    """Remove every byte of older versions; running it again removes nothing.

    What publishes, tells or joins files on this machine is waited for, and waits
    (`runtime.alone.writing`). Other writers, as those of a catalog, may have written files that are
    not committed yet: of those nobody may be writing.

    Args:
        lake: where the table is.
        table: its name.
        dirty: whether a file still holds a value of the subject. If the newest commit does, an
            empty one is made after it, so that it can go.

    Returns:
        files_removed: data, change and deletion vector files; log_files_removed; versions_removed.
    """
    with sweeping(lake.settings, table):
        return _purge(lake, table, dirty)


def _purge(lake: Lake, table: str, dirty: Callable[[Path], bool]) -> dict[str, int]:
    name = lake.identifier(table)
    if _has_deletion_vectors(lake, table):
        lake.spark.sql(f"REORG TABLE {name} APPLY (PURGE)")
    if lake.settings.catalog:
        # The platform cleans its log by itself, once a day, when a checkpoint is written.
        with _settings(lake):
            lake.spark.sql(f"VACUUM {name} RETAIN 0 HOURS")
        return {"vacuumed": 1}
    folder = lake.folder(table)
    before = _data_files(folder)
    with _settings(lake):
        lake.spark.sql(f"VACUUM {name} RETAIN 0 HOURS")
    removed = before - _data_files(folder)
    log = folder / "_delta_log"
    newest = _newest(log)
    if any(dirty(p) for p in log.glob(f"{newest:020d}.*")):
        # Not about the data: a property, so that there is a commit that says nothing of rows.
        lake.spark.sql(f"ALTER TABLE {name} SET TBLPROPERTIES ('shoplake.purged' = '{newest}')")
        newest = _newest(log)
    swept = _sweep_log(lake, folder, newest)
    return {
        "files_removed": len(removed),
        "log_files_removed": len(swept),
        "versions_removed": len({v for p in swept if (v := _commit(p)) is not None}),
    }


def _sweep_log(lake: Lake, folder: Path, newest: int) -> list[Path]:
    """A checkpoint at the newest version, then away with whatever came before it.

    Another writer may have come after it; what it wrote stays.
    """
    log = folder / "_delta_log"
    if not any(_is_whole_checkpoint(p, newest) for p in log.iterdir()):
        _checkpoint(lake, folder)
    gone = []
    for path in sorted(log.rglob("*")):
        if not path.is_file() or path.name in ("_last_checkpoint", "._last_checkpoint.crc"):
            continue
        version = _RANGE.match(path.name) or _VERSION.match(path.name)
        keeps = version is not None and int(version[1]) >= newest and path.parent == log
        if keeps or (path.parent.name == "_sidecars" and _is_used(log, newest, path)):
            continue
        path.unlink()
        gone.append(path)
    _forget(lake)
    return gone


def _checkpoint(lake: Lake, folder: Path) -> None:
    delta = lake.spark._jvm.org.apache.spark.sql.delta  # type: ignore[union-attr]
    delta.DeltaLog.forTable(lake.spark._jsparkSession, str(folder)).checkpoint()


def _forget(lake: Lake) -> None:
    """Delta caches the log it has read, by its files."""
    lake.spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()  # type: ignore[union-attr]


def _is_whole_checkpoint(path: Path, version: int) -> bool:
    return path.name.startswith(f"{version:020d}.checkpoint") and path.suffix != ".crc"


def _is_used(log: Path, version: int, sidecar: Path) -> bool:
    name = sidecar.name.removeprefix(".").removesuffix(".crc").encode()
    return any(name in p.read_bytes() for p in log.glob(f"{version:020d}.checkpoint*"))


def _commit(path: Path) -> int | None:
    version = _VERSION.match(path.name)
    is_commit = version is not None and path.name == f"{version[1]}.json"
    return int(version[1]) if version is not None and is_commit else None


def _newest(log: Path) -> int:
    return max(v for p in log.glob("*.json") if (v := _commit(p)) is not None)


def _data_files(folder: Path) -> set[Path]:
    log = folder / "_delta_log"
    return {
        p for p in folder.rglob("*") if p.is_file() and log not in p.parents and p.suffix != ".crc"
    }


def _has_deletion_vectors(lake: Lake, table: str) -> bool:
    detail = lake.delta(table).detail().select("tableFeatures").first()
    return detail is not None and "deletionVectors" in (detail[0] or [])


@contextmanager
def _settings(lake: Lake) -> Iterator[None]:
    kept = {key: lake.spark.conf.get(key, None) for key in _CONF}
    try:
        for key, value in _CONF.items():
            lake.spark.conf.set(key, value)
        yield
    finally:
        for key, old in kept.items():
            if old is None:
                lake.spark.conf.unset(key)
            else:
                lake.spark.conf.set(key, old)
