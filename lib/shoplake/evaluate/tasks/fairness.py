"""Whose products are seen, and what fairness costs (online_retail or dunnhumby layout)."""

from __future__ import annotations

from pathlib import Path

from shoplake.evaluate import fairness
from shoplake.evaluate.findings import Findings
from shoplake.evaluate.layouts.purchases import read_purchases


def run(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Judge on the last 30 days of `data`.

    Raises:
        EvaluationError: a folder is of neither layout, or is too short.
    """
    notes: list[str] = []
    judged = read_purchases(data, notes)
    other = read_purchases(train, notes) if train else None
    return fairness.run(judged, other, notes, seed)
