"""Maintenance of every table: few files, none longer than needed, a short log, the same rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from delta.exceptions import (
    ConcurrentDeleteDeleteException,
    ConcurrentDeleteReadException,
    ConcurrentWriteException,
    DeltaConcurrentModificationException,
    MetadataChangedException,
    ProtocolChangedException,
)

from shoplake.errors import GovernanceError
from shoplake.governance.erasure.order import open_orders
from shoplake.governance.erasure.tables import lake_tables
from shoplake.governance.ledger import append
from shoplake.governance.maintain.compact import check_cluster, compact
from shoplake.governance.maintain.files import Files, files_of
from shoplake.governance.maintain.folders import is_training
from shoplake.governance.maintain.log import keep_log, tidy_log
from shoplake.governance.maintain.settings import MaintainSettings
from shoplake.governance.maintain.vacuum import Removed, vacuum
from shoplake.governance.run import Run

TABLE = "governance.maintenance"
#: Somebody else has committed meanwhile what this commit cannot follow.
_CLASHES = (
    ConcurrentDeleteDeleteException,
    ConcurrentDeleteReadException,
    ConcurrentWriteException,
    DeltaConcurrentModificationException,
    MetadataChangedException,
    ProtocolChangedException,
)


@dataclass(frozen=True)
class Done:
    """What was done to a table, or would be.

    Attributes:
        table: its name.
        before, after: the files of its newest version; after a dry run, what there would be.
        removed: files that no version needs any more; None where that is not counted.
        log_files: files of the log that went.
        clashed: somebody changed the table meanwhile: it waits for the next time.
    """

    table: str
    before: Files
    after: Files
    removed: Removed | None
    log_files: int
    clashed: bool = False

    @property
    def is_news(self) -> bool:
        """Whether anything was done."""
        gone = self.removed is not None and self.removed.files > 0
        return self.before != self.after or gone or self.log_files > 0 or self.clashed

    def text(self) -> str:
        """One line for people."""
        files = f"{self.before.count:,} files, now {self.after.count:,}"
        gone = f"{self.removed.files:,} old ones removed" if self.removed else "vacuumed"
        return f"{self.table:<40} {files}; {gone}"


def maintain_tables(
    run: Run, said: MaintainSettings, pins: Mapping[str, set[int]], *, dry_run: bool = False
) -> Iterator[Done]:
    """Maintain one table after the other; killed anywhere, the next run does what is left.

    Args:
        run: of the lake.
        said: when and how long.
        pins: versions that must stay readable, by table.
        dry_run: only look.

    Raises:
        GovernanceError: an erasure is under way, or `said.cluster` asks for what cannot be.
    """
    root = run.lake.settings.root
    if open_orders(root):
        raise GovernanceError(
            "an erasure was not completed",
            where=str(root / "erasures" / "open"),
            remedy="complete it first: erase that person again",
        )
    for table, columns in said.cluster.items():
        check_cluster(table, run.contracts.get(table), columns)
    training = is_training(root)
    for table in lake_tables(run):
        fixed = training and table.startswith("gold.")
        yield _maintain(run, table, said, pins.get(table, set()), fixed=fixed, dry_run=dry_run)


def record(run: Run, done: list[Done]) -> None:
    """Write what was done to `governance.maintenance`, in one commit; nothing where nothing was."""
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [
        (
            *(run.run_id, d.table, d.before.count, d.after.count, d.before.bytes, d.after.bytes),
            *((d.removed.files, d.removed.bytes) if d.removed else (None, None)),
            *(d.log_files, now),
        )
        for d in done
        if d.is_news and not d.clashed
    ]
    append(run.lake, run.contracts[TABLE], rows)


def _maintain(
    run: Run, table: str, said: MaintainSettings, keep: set[int], *, fixed: bool, dry_run: bool
) -> Done:
    lake = run.lake
    before = after = files_of(lake, table, said)
    removed: Removed | None = Removed()
    log_files = 0
    try:
        if keep and not dry_run:
            keep_log(lake, table, said.snapshot_days)
        if before.spare >= said.small_files and not fixed:
            if dry_run:
                after = Files(before.count - before.spare, before.bytes, 0)
            else:
                compact(lake, table, said)
                after = files_of(lake, table, said)
        removed = vacuum(lake, table, keep, said.keep_hours, dry_run=dry_run)
        log_files = tidy_log(lake, table, said, dry_run=dry_run)
    except _CLASHES:
        return Done(table, before, after, removed, log_files, clashed=True)
    return Done(table, before, after, removed, log_files)
