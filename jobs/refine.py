"""Grain: one row per thing (order line, event, product version, person ...), in silver.<entity>."""

from __future__ import annotations

import argparse

from shoplake.governance.run import Run
from shoplake.refine.pseudonym import Secret, pseudonym
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import SILVER
from shoplake.runtime.key import pseudonym_key
from shoplake.steps import job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return job_parser("refine", __doc__)


def refine(run: Run, args: argparse.Namespace) -> None:
    """Bring every silver table up to date with bronze, in dependency order."""
    lake = run.lake
    settings = RefineSettings(Secret(pseudonym_key(lake.settings, lake.spark)))
    for table, refinement in SILVER.items():
        first = refinement.sources[0]
        if not lake.exists(first):
            continue
        run.build(
            table,
            lambda read, r=refinement: r.build(  # type: ignore[misc]
                *map(read, r.sources), settings
            ),
            inputs=refinement.sources,
            params=[repr(settings), pseudonym("which key", settings.pseudonym_key)],
            rows_of=first if first.startswith("bronze.") else None,
        )


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, refine)


if __name__ == "__main__":
    main()
