"""Who buys again, lapses and spends, on the online_retail or the dunnhumby layout."""

from __future__ import annotations

from pathlib import Path

from shoplake.evaluate.behaviour import judge
from shoplake.evaluate.findings import Findings
from shoplake.evaluate.layouts.purchases import read_purchases
from shoplake.models.behaviour.settings import load_behaviour
from shoplake.runtime.console import tell


def run(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Judge on the last 60 days of `data` (30 where it is short), learned from what precedes.

    With `train`, of the same shop, its earlier purchases count as history, and `data` may be a
    later period alone.

    Raises:
        EvaluationError: a folder is of neither layout, or is too short.
    """
    notes: list[str] = []
    judged = read_purchases(data, notes)
    tell("behaviour", f"{len(judged):,} lines of {judged['person'].nunique():,} people")
    other = read_purchases(train, notes) if train else None
    found = judge(judged, other, load_behaviour(), seed)
    found.notes[:0] = notes
    return found
