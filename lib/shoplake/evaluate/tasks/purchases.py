"""What people buy in the next 30 days, on the online_retail or the dunnhumby layout."""

from __future__ import annotations

from pathlib import Path

from shoplake.evaluate import next_purchases
from shoplake.evaluate.findings import Findings
from shoplake.evaluate.layouts.purchases import read_purchases
from shoplake.runtime.console import tell


def run(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Cut the last 30 days off `data`, learn from what precedes them, judge on them.

    With `train`, of the same shop, its purchases before the cut count as earlier history; then
    `data` may be a later period alone, even a short one.

    Raises:
        EvaluationError: a folder is of neither layout, or is too short.
    """
    notes: list[str] = []
    judged = read_purchases(data, notes)
    tell("purchases", f"{len(judged):,} lines of {judged['person'].nunique():,} people")
    other = read_purchases(train, notes) if train else None
    return next_purchases.run(judged, other, notes, seed)
