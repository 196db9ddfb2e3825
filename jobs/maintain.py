"""Grain: one row per table and run that changed its files, in governance.maintenance."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from shoplake.governance.maintain.folders import remove, size_of, unused
from shoplake.governance.maintain.pins import parents, pinned
from shoplake.governance.maintain.report import show
from shoplake.governance.maintain.settings import load_maintain_settings
from shoplake.governance.maintain.tables import maintain_tables, record
from shoplake.governance.run import Run
from shoplake.runtime.console import say
from shoplake.runtime.settings import Settings
from shoplake.steps import job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = job_parser("maintain", __doc__)
    options.add_argument("--settings", type=Path, help="default: conf/maintain.yml")
    options.add_argument("--dry-run", action="store_true", help="only say what would be done")
    return options


def maintain(run: Run, args: argparse.Namespace) -> None:
    """Join small files, remove those that nobody needs, shorten logs, clear old copies."""
    said, root = load_maintain_settings(args.settings), run.lake.settings.root
    learned = parents(run.lake)
    pins = pinned(learned, champions(run.lake.settings) if learned else {}, said.model_versions)
    done = []
    for table in maintain_tables(run, said, pins, dry_run=args.dry_run):
        done.append(table)
        if table.clashed:
            say(run.step, f"[yellow]{table.table}: changed meanwhile, left for the next time[/]")
        elif table.is_news:
            say(run.step, table.text())
    for folder in unused(root, said.keep_hours, datetime.now(UTC)):
        say(run.step, f"{folder.relative_to(root)}: unused, {size_of(folder) / 1e6:,.1f} MB")
        if not args.dry_run:
            remove(folder)
    if not args.dry_run:
        record(run, done)
    show([d for d in done if d.is_news])
    say(run.step, f"{sum(not d.is_news for d in done)} tables are as they should be")


def champions(settings: Settings) -> dict[str, str]:
    """The version in service by model; none where the registry cannot be asked."""
    try:
        from shoplake.models.relevance.tracking import RankerRegistry
        from shoplake.models.tracking import Registry
    except ImportError:  # a cluster for data alone: every version then keeps its data
        return {}
    known = {r.name: r.champion() for r in (Registry.of(settings), RankerRegistry.of(settings))}
    return {name: version for name, version in known.items() if version is not None}


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, maintain)


if __name__ == "__main__":
    main()
