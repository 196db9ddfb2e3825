"""The best items of several recommenders for each history, and what a ranker sees of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from shoplake.models.recommenders.interactions import Floats, Interactions, Ints


@dataclass(frozen=True)
class Candidates:
    """Candidates of a block of histories, by row.

    Attributes:
        rows, items: [K] which history and which item; an item's index is no feature, for indices
            may be given out in the order in which people met the items.
        features: [K, f] float32.
    """

    rows: Ints
    items: Ints
    features: Floats


def best(
    scores: Mapping[str, Floats], histories: Interactions, count: Ints, each: int
) -> Candidates:
    """The `each` best of every recommender, united.

    Args:
        scores: recommender -> [B, C]; -inf is no candidate.
        count: [C] interactions of each item in what the recommenders learned from.
    """
    size = (len(histories), histories.catalogue)
    chosen = np.zeros(size, dtype=np.bool_)
    for found in scores.values():
        values, places = torch.topk(torch.from_numpy(found), min(each, size[1]), sorted=False)
        rows, at = np.nonzero(np.isfinite(values.numpy()) & (values.numpy() != 0))
        chosen[rows, places.numpy()[rows, at]] = True
    rows, items = np.nonzero(chosen)
    columns: list[np.ndarray] = []
    for found in scores.values():
        columns += of_scores(found[rows, items], rows, len(histories))
    columns += _of_items(rows, items, histories, count)
    return Candidates(rows, items, np.stack(columns, axis=1).astype(np.float32))


def of_scores(values: Floats, rows: Ints, size: int) -> list[np.ndarray]:
    """The score, how far it is from the history's best, and its place."""
    top = np.full(size, -np.inf, dtype=np.float32)
    np.maximum.at(top, rows, values)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(top[rows] != 0, values / top[rows], 0)
    order = np.lexsort((-values, rows))
    starts = np.searchsorted(rows, np.arange(size))
    place = np.empty(len(rows))
    place[order] = np.arange(len(rows)) - starts[rows[order]]
    # Equal scores share the first one's place, so that order without meaning is no feature.
    first = np.ones(len(rows), dtype=np.bool_)
    first[1:] = (values[order][1:] != values[order][:-1]) | (rows[order][1:] != rows[order][:-1])
    at = np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    place[order] = place[order][at]
    return [values, share, place]


def _of_items(rows: Ints, items: Ints, histories: Interactions, count: Ints) -> list[np.ndarray]:
    """Popularity, the history's length, and where in the history the item stands, if it does."""
    lengths = histories.lengths
    far = 99
    newest = np.full((len(histories), histories.catalogue), far, dtype=np.int16)
    np.minimum.at(newest, (histories.rows, histories.items), np.minimum(histories.age, far))
    last = histories.last(1)[:, 0]
    last_count = np.where(last >= 0, count[last], 0)
    return [
        np.log1p(count[items]),
        lengths[rows],
        newest[rows, items],
        np.log1p(last_count)[rows],
    ]
