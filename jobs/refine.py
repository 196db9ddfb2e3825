"""Grain: one row per thing (order line, event, product version, person ...), in silver.<entity>."""

from __future__ import annotations

import argparse
from functools import partial

from shoplake.evaluate.truth import measure_cleaning, measure_personal
from shoplake.governance.run import Run
from shoplake.refine.tables import refresh
from shoplake.steps import job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    return job_parser("refine", __doc__)


def refine(run: Run, args: argparse.Namespace) -> None:
    """Bring every silver table up to date with bronze, in dependency order."""
    refresh(run)
    if args.shop == "builtin" and (run.lake.settings.root / "truth").is_dir():
        run.together(
            {
                "governance.cleaning": partial(measure_cleaning, run),
                "governance.personal_quality": partial(measure_personal, run),
            }
        )


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, refine)


if __name__ == "__main__":
    main()
