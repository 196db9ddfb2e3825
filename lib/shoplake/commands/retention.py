"""`shoplake retention`: rows past the time that their contracts keep them are removed for good."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from typing import Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.errors import ShoplakeError


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    retention = commands.add_parser("retention", help="remove rows that contracts keep no longer")
    retention.add_argument("--dry-run", action="store_true", help="only count them")
    retention.add_argument("--now", metavar="YYYY-MM-DD", help="count ages from here, not today")
    lake_options(retention).set_defaults(run=_run)


def _run(args: argparse.Namespace) -> None:
    from shoplake.governance.erasure.retention import expire
    from shoplake.steps import start

    now = _instant(args.now) if args.now else datetime.now(UTC).replace(tzinfo=None)
    found = expire(start("retention", settings_of(args)), now, dry_run=args.dry_run)
    print_rows(
        [
            {
                "table": e.table,
                "rows past their time" if args.dry_run else "rows removed": e.rows,
                "without a time, kept": e.ageless,
                "that is": f"{e.column} before {e.before:%Y-%m-%d %H:%M}",
            }
            for e in found
        ]
    )


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ShoplakeError(f"'{text}' is no date", remedy="write it YYYY-MM-DD") from None
