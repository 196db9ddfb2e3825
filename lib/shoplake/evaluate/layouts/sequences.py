"""The amazon_games layout: `items.tsv` and `histories.tsv.gz`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.evaluate.findings import required
from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.recommenders.interactions import Interactions


@dataclass(frozen=True)
class Sequences:
    """A folder of this layout.

    Attributes:
        ids: [C] item ids by index.
        titles: [C] titles by index.
        histories: one row a person, oldest first.
        truth: [P] index of the item that followed.
    """

    ids: list[str]
    titles: list[str]
    histories: Interactions
    truth: np.ndarray

    @property
    def repeats(self) -> float:
        """The share of the interactions of histories that repeat an earlier one of the person."""
        rows = self.histories.rows * self.histories.catalogue + self.histories.items
        return 1 - len(np.unique(rows)) / max(len(rows), 1)


def read_sequences(folder: Path) -> Sequences:
    """Read a folder.

    Raises:
        EvaluationError: a file is missing, a column is, or a history holds an unlisted item.
    """
    items_file, histories_file = required(folder, "items.tsv", "histories.tsv.gz")
    items = _table(items_file, 2)
    table = _table(histories_file, 3)
    if not len(table):
        raise EvaluationError("there are no histories", where=str(histories_file))
    ids = items.iloc[:, 0].tolist()
    index = {item: i for i, item in enumerate(ids)}
    lists = [row.split() for row in table.iloc[:, 1]]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in lists])]).astype(np.int64)
    try:
        flat = np.array([index[item] for row in lists for item in row], dtype=np.int64)
        truth = np.array([index[item.strip()] for item in table.iloc[:, 2]], dtype=np.int64)
    except KeyError as error:
        raise EvaluationError(
            f"item {error} is not in items.tsv",
            where=str(histories_file),
            remedy="list every item, with its title, in items.tsv",
        ) from None
    return Sequences(ids, items.iloc[:, 1].tolist(), Interactions(flat, offsets, len(ids)), truth)


def training_rows(
    judged: Sequences, train: Path | None, notes: list[str]
) -> tuple[Interactions, Sequences]:
    """What may be learned from, in item indices of the judged folder.

    Without a training folder: the histories, without the next items. With one: its histories and
    the items that followed, of items that the judged folder lists too (by id where the titles
    agree, else by title). A history that stands in the judged folder as well lends no next item.
    """
    if train is None:
        return judged.histories, judged
    other = read_sequences(train)
    known = {item: i for i, item in enumerate(judged.ids)}
    same = [item in known and judged.titles[known[item]] == t for item, t in _named(other)]
    by_title = not any(same) or np.mean(same) < 0.5
    titles = {title: i for i, title in enumerate(judged.titles)}
    index = np.array(
        [titles.get(t, -1) if by_title else known.get(item, -1) for item, t in _named(other)]
    )
    if not (index >= 0).any():
        raise EvaluationError(
            "the two folders have no item in common",
            where=f"{train} and the judged folder",
            remedy="give a training folder of the same catalogue, or leave --train out",
        )
    if by_title:
        notes.append("item ids of the two folders name different titles: matched by title")
    past = [
        tuple(other.histories.items[a:b])
        for a, b in zip(other.histories.offsets[:-1], other.histories.offsets[1:], strict=True)
    ]
    own = {
        tuple(judged.histories.items[a:b])
        for a, b in zip(judged.histories.offsets[:-1], judged.histories.offsets[1:], strict=True)
    }
    rows, shared = [], 0
    for row, follows in zip(past, other.truth, strict=True):
        mapped = tuple(index[list(row)])
        both = mapped in own
        shared += both
        rows.append([i for i in (*mapped, *(() if both else (index[follows],))) if i >= 0])
    if shared:
        notes.append(
            f"{shared:,} training histories stand in the judged folder too; "
            "the items that followed them were not learned from"
        )
    missing = int((index < 0).sum())
    if missing:
        notes.append(f"{missing:,} items of the training folder are not in the judged catalogue")
    rows = [row for row in rows if len(row) > 1]
    return Interactions.of(rows, judged.histories.catalogue), judged


def _named(folder: Sequences) -> list[tuple[str, str]]:
    return list(zip(folder.ids, folder.titles, strict=True))


def _table(path: Path, columns: int) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, sep="\t", quoting=3, dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:
        raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None
    if table.shape[1] < columns:
        raise EvaluationError(
            f"{table.shape[1]} columns instead of {columns}",
            where=str(path),
            remedy="separate columns by tabs, under a header line",
        )
    return table
