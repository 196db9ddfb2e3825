"""Advertising: policies off-policy (open_bandit), or who redeems which coupon (dunnhumby)."""

from __future__ import annotations

from pathlib import Path

from shoplake.evaluate.bandit import POLICIES, judge_bandit
from shoplake.evaluate.findings import Findings, required
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.redemptions import judge_redemptions


def run(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Judge by the layout that `data` has.

    Raises:
        EvaluationError: it has neither layout, files of one are missing, or there is a training
            folder and the layout is that of open_bandit.
    """
    required(data)
    if all((data / policy).is_dir() for policy in POLICIES):
        if train is not None:
            raise EvaluationError(
                "this task takes no --train",
                where=f"{data}: the layout of open_bandit",
                remedy="leave it out: each policy is estimated from the other's log",
            )
        return judge_bandit(data, seed=seed)
    if any(data.glob("*.parquet")):
        return judge_redemptions(data, train, seed=seed)
    raise EvaluationError(
        "this is neither the layout of open_bandit nor that of dunnhumby",
        where=str(data),
        remedy="give a folder with random/ and bts/, or one with coupon_redemptions.parquet and "
        "the other tables",
    )
