"""The diginetica layout: `train.tsv.gz` (sessions in order of time) and `test.tsv.gz`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.evaluate.findings import UNREADABLE, required
from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.recommenders.interactions import Interactions

_TRAIN, _TEST = "train.tsv.gz", "test.tsv.gz"


@dataclass(frozen=True)
class Sessions:
    """Training sessions and judged prefixes over one catalogue.

    Attributes:
        seen: one row a session, the earliest session first, items in order.
        prefixes: one row a judged prefix.
        truth: [P] index of the item that followed.
    """

    seen: Interactions
    prefixes: Interactions
    truth: np.ndarray


def read_sessions(data: Path, train: Path | None) -> Sessions:
    """Training sessions of `train`, or of `data`; prefixes and next items of `data`.

    Raises:
        EvaluationError: a file or column is missing, or no judged prefix holds a trained item.
    """
    (train_file,) = required(train or data, _TRAIN)
    (test_file,) = required(data, _TEST)
    sessions, trained = _lists(train_file, "session")
    prefixes, shown = _lists(test_file, "prefix")
    _, truth = _lists(test_file, "next_item")
    if len(truth) != len(prefixes):
        raise EvaluationError("a prefix has several next items, or none", where=str(test_file))
    every = np.concatenate([trained, shown, truth])
    with suppress(ValueError, OverflowError):  # any text is an id, but 007 is 7 among numbers
        every = every.astype(np.int64)
    ids, index = np.unique(every, return_inverse=True)
    first, second = len(trained), len(trained) + len(shown)
    if not np.isin(index[first:second], index[:first]).any():
        raise EvaluationError(
            "no judged session holds an item of the training sessions",
            where=f"{train_file} and {test_file}",
            remedy="give a training folder of the same catalogue, or leave --train out",
        )

    def rows(items: np.ndarray, lengths: np.ndarray) -> Interactions:
        return Interactions(items, np.concatenate([[0], np.cumsum(lengths)]), len(ids))

    return Sessions(
        rows(index[:first], sessions), rows(index[first:second], prefixes), index[second:]
    )


def _lists(path: Path, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Lengths of the lists [rows] and their items, one after another."""
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except UNREADABLE as error:
        raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None
    if column not in table:
        raise EvaluationError(
            f"no column '{column}'",
            where=f"{path}: {', '.join(map(str, table.columns))}",
            remedy="name the columns in a header line, separated by tabs",
        )
    lists = [row.split() for row in table[column]]
    lengths = np.array([len(row) for row in lists], dtype=np.int64)
    return lengths, np.array([item for row in lists for item in row], dtype=str)
