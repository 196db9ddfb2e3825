"""What a model of titles keeps when it is moved to another shop, on any two of three layouts."""

from __future__ import annotations

from pathlib import Path

from shoplake.evaluate.findings import Findings
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.transfer import moved_between, read_domain
from shoplake.models.base import MINILM
from shoplake.models.search.encoder import TextEncoder

_TOKENS = 32


def run(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Learn on the histories of `train`, judge on `data` by its own protocol.

    Both are of the amazon_games, online_retail or dunnhumby layout, and need not be of the same.

    Raises:
        EvaluationError: there is no training folder, or one is of none of these layouts.
        ModelError: there is no encoder of titles.
    """
    if train is None:
        raise EvaluationError(
            "there is nothing to move a model from",
            where="the task 'transfer'",
            remedy="give the folder to learn on as --train, another shop's than --data",
        )
    source, target = read_domain(train), read_domain(data)
    encoder = TextEncoder.load(MINILM, max_tokens=_TOKENS)
    return moved_between(source, target, encoder.encode_kept, seed)
