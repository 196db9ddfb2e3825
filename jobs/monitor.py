"""Grain: one row per event of an alert and per delivery, in governance.alerts."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shoplake.errors import GovernanceError
from shoplake.governance.monitor.alerts import AlertLog
from shoplake.governance.monitor.channels import channel
from shoplake.governance.monitor.evidence import read_evidence
from shoplake.governance.monitor.findings import findings
from shoplake.governance.monitor.settings import load_monitor_settings
from shoplake.governance.run import Run
from shoplake.runtime.console import say
from shoplake.steps import job_parser, run_job


def parser() -> argparse.ArgumentParser:
    """The job's command line."""
    options = job_parser("monitor", __doc__)
    options.add_argument("--settings", type=Path, help="default: conf/monitor.yml")
    options.add_argument("--now", metavar="ISO TIME", help="look from this instant (default: now)")
    options.add_argument(
        "--fail-on",
        choices=("warning", "critical"),
        help="end with status 1 while such an alert is open, so that the platform notifies",
    )
    return options


def monitor(run: Run, args: argparse.Namespace) -> None:
    """Compare every table's evidence with its contract and its past; tell what has changed."""
    said = load_monitor_settings(args.settings)
    now = datetime.fromisoformat(args.now) if args.now else datetime.now(UTC)
    now = now if now.tzinfo else now.replace(tzinfo=UTC)
    contracts = list(run.contracts)
    evidence = read_evidence(run.lake, contracts, timedelta(days=said.history_days), now)
    at = now.astimezone(UTC).replace(tzinfo=None)
    log = AlertLog(run.lake, run.contracts["governance.alerts"])
    for event in log.update(findings(evidence, contracts, said, now), at):
        say(run.step, event.text())
    for target in said.channels:
        if (found := channel(target, run.lake.settings)) is None:
            continue
        name, send = found
        try:
            log.deliver(name, send, at)
        except OSError as error:
            say(run.step, f"[yellow]{name} could not be told, next run tries again: {error}[/]")
    bad = [e for e in log.still_open if args.fail_on in ("warning", e.severity)]
    say(run.step, f"{len(log.still_open)} alert(s) open")
    if args.fail_on and bad:
        raise GovernanceError(
            f"{len(bad)} alert(s) of at least {args.fail_on} are open",
            where="\n         ".join(e.text() for e in bad[:10]),
        )


def main(argv: list[str] | None = None) -> None:
    """Entry point."""
    run_job(parser(), argv, monitor)


if __name__ == "__main__":
    main()
