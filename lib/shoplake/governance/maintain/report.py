"""What maintenance did, as a table on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from shoplake.governance.maintain.files import MB
from shoplake.governance.maintain.tables import Done
from shoplake.runtime.console import console


def show(done: Sequence[Done]) -> None:
    """A row a table: its files before and after, and those that went; nothing for no tables."""
    if not done:
        return
    table = Table("table", "files", "after", "MB", "after", "unneeded files", "MB", "log files")
    for d in done:
        gone = (f"{d.removed.files:,}", _mb(d.removed.bytes)) if d.removed else ("", "")
        counts = (f"{d.before.count:,}", f"{d.after.count:,}")
        sizes = (_mb(d.before.bytes), _mb(d.after.bytes))
        table.add_row(d.table, *counts, *sizes, *gone, f"{d.log_files:,}")
    console.print(table)


def _mb(size: int) -> str:
    return f"{size / MB:,.2f}"
