"""The amazon_games layout: `items.tsv` and `histories.tsv.gz`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate, pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.evaluate.findings import UNREADABLE, required
from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.recommenders.interactions import Interactions

#: Of fewer items, a history stands at the start of many people's.
_TELLING = 3
_LEAST = 20


@dataclass(frozen=True)
class Sequences:
    """A folder of this layout.

    Attributes:
        ids: [C] item ids by index.
        titles: [C] titles by index.
        people: [P] their ids, as the folder names them.
        histories: one row a person, oldest first.
        truth: [P] index of the item that followed.
    """

    ids: list[str]
    titles: list[str]
    people: list[str]
    histories: Interactions
    truth: np.ndarray

    @property
    def lists(self) -> Iterator[list[int]]:
        """The items of each history."""
        ends = self.histories.offsets.tolist()
        return (self.histories.items[a:b].tolist() for a, b in pairwise(ends))

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
    histories = Interactions(flat, offsets, len(ids))
    people = table.iloc[:, 0].tolist()
    return Sequences(ids, items.iloc[:, 1].tolist(), people, histories, truth)


def training_rows(
    judged: Sequences, train: Path | None, notes: list[str]
) -> tuple[Interactions, Sequences]:
    """What may be learned from, in item indices of the judged folder.

    Without a training folder: the histories, without the next items. With one: its histories and
    the items that followed, of items that the judged folder lists too (by id where the titles
    agree, else by title). A row that begins with a history of the judged folder is taken for the
    same person's and ends where that history does: what follows it is what is asked. Histories of
    one or two items tell people apart only where the whole row or the person's id is the same.
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
    judge = _Judged(judged)
    rows, cut = [], 0
    for person, past, follows in zip(other.people, other.lists, other.truth, strict=True):
        kept = [i for i in index[past].tolist() if i >= 0]
        row = [*kept, int(index[follows])] if index[follows] >= 0 else kept
        stop = judge.stop(person, row, len(kept))
        cut += stop < len(row)
        rows.append(row[:stop])
    if cut:
        notes.append(
            f"{cut:,} rows of the training folder begin with a history of the judged one; "
            "the items that follow there were not learned from"
        )
    missing = int((index < 0).sum())
    if missing:
        notes.append(f"{missing:,} items of the training folder are not in the judged catalogue")
    rows = [row for row in rows if len(row) > 1]
    return Interactions.of(rows, judged.histories.catalogue), judged


class _Judged:
    """Where the histories of a folder end, to be found at the start of longer rows."""

    def __init__(self, folder: Sequences) -> None:
        ends = [(len(row), reduce(_further, row, 0)) for row in folder.lists]
        self._every = {key for length, key in ends if length}
        self._telling = {key for length, key in ends if length >= _TELLING}
        self._own = {(p, key) for p, (n, key) in zip(folder.people, ends, strict=True) if n}

    def stop(self, person: str, row: list[int], past: int) -> int:
        """How many items of the row may be learned from.

        Args:
            person: whose row it is, by id.
            row: item indices.
            past: how many of them are the row's history; the next item may follow.
        """
        for length, key in enumerate(accumulate(row, _further, initial=0)):
            known = key in self._telling or (person, key) in self._own
            if known or (length == past and key in self._every):
                return length
        return len(row)


def _further(key: int, item: int) -> int:
    """The hash of a row with one more item."""
    return hash((key, item))


def learnable(seen: Interactions, where: str) -> None:
    """Refuse histories that nothing can be learned from.

    Raises:
        EvaluationError: fewer than 20 hold two items or more.
    """
    long = int((seen.lengths > 1).sum())
    if long < _LEAST:
        raise EvaluationError(
            f"{long:,} of {len(seen):,} histories hold two items or more, too few to learn from",
            where=where,
            remedy=f"give a folder with {_LEAST} or more such histories",
        )


def _named(folder: Sequences) -> list[tuple[str, str]]:
    return list(zip(folder.ids, folder.titles, strict=True))


def _table(path: Path, columns: int) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, sep="\t", quoting=3, dtype=str, keep_default_na=False)
    except UNREADABLE as error:
        raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None
    if table.shape[1] < columns:
        raise EvaluationError(
            f"{table.shape[1]} columns instead of {columns}",
            where=str(path),
            remedy="separate columns by tabs, under a header line",
        )
    return table
