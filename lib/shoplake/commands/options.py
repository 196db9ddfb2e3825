"""Options and output that several commands share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console
from shoplake.runtime.options import lake_options, settings_of

__all__ = ["lake_options", "need_top", "print_rows", "settings_of"]


def need_top(top: int) -> None:
    """Raises ShoplakeError when `--top` asks for nothing."""
    if top < 1:
        raise ShoplakeError(f"--top is {top}", remedy="ask for 1 or more")


def print_rows(rows: Sequence[Mapping[str, Any]], title: str | None = None) -> None:
    """Rows as a table on the screen; nulls are empty."""
    table = Table(title=title, title_justify="left")
    for name in rows[0] if rows else ["(no rows)"]:
        table.add_column(name, overflow="fold")  # An id that is cut short is no id.
    for row in rows:
        table.add_row(*["" if v is None else str(v) for v in row.values()])
    console.print(table)
