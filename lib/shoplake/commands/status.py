"""`shoplake status`: each table with rows, version, last run, verdict and freshness."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from rich.table import Table

from shoplake.commands.options import lake_options, settings_of
from shoplake.contracts.book import load_contracts
from shoplake.runtime.console import console
from shoplake.runtime.settings import Settings, conf_dir


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    status = commands.add_parser("status", help="each table: rows, version, last run, verdict")
    status.add_argument("--json", action="store_true")
    lake_options(status).set_defaults(run=_status)


def _status(args: argparse.Namespace) -> None:
    from shoplake.governance.status import table_statuses

    settings = settings_of(args)
    found = table_statuses(settings, load_contracts(conf_dir() / "contracts"))
    if args.json:
        print(json.dumps([s.as_dict() for s in found], indent=2))
        return
    table = Table(title=str(Path(settings.lake)), title_justify="left")
    for name in ("table", "rows", "version", "held", "duplicates", "verdict", "last run", "fresh"):
        table.add_column(
            name, justify="right" if name in ("rows", "held", "duplicates") else "left"
        )
    for s in found:
        numbers = (f"{s.held:,}", f"{s.duplicates:,}", s.verdict, s.finished_at or "", s.freshness)
        table.add_row(s.table, f"{s.rows:,}", str(s.version), *numbers)
    console.print(table)
    if blocked := _blocked_models(settings):
        console.print(blocked, markup=False)


def _blocked_models(settings: Settings) -> str:
    """Which model versions learned from people who have been erased since; empty if none."""
    from shoplake.runtime.sql import query, tables

    if "governance.erasures" not in tables(settings):
        return ""
    rows = query(settings, "SELECT models FROM governance.erasures WHERE models IS NOT NULL")
    marked = sorted({model for row in rows for model in row["models"]})
    if not marked:
        return ""
    from shoplake.models.tracking import Registry

    registry = Registry.of(settings)
    serving = f"{registry.name} {registry.champion()}" in marked
    return (
        f"trained on data of people who have been erased: {', '.join(marked)};"
        " blocked from promotion until retrained without them (steps dataset and train)"
        + ("; the champion, which stays in service, is one of them" if serving else "")
    )
