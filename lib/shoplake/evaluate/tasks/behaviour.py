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
    judged = read_purchases(data)
    tell("behaviour", f"{len(judged):,} lines of {judged['person'].nunique():,} people")
    return judge(judged, read_purchases(train) if train else None, load_behaviour(), seed)
