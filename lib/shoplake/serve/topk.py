"""Exact top-k, for dot products in blocks, so that memory does not grow with people x items."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from shoplake.serve.scorer import Floats, Ints
from shoplake.serve.settings import ServeError


class TopK(NamedTuple):
    """The best items of each person, best first; a row short of candidates ends in (0, -inf).

    Attributes:
        indices: [P, k] item_index.
        scores: [P, k] float32.
    """

    indices: Ints
    scores: Floats


def top_k(
    people: Floats,
    items: Floats,
    k: int,
    *,
    history: Ints,
    adjustment: Floats,
    excluded: Ints,
    allowed: NDArray[np.bool_],
    people_block: int = 512,
    item_block: int = 16_384,
) -> TopK:
    """The k highest scores of each person, exactly; equal scores by lower item_index first.

    Time is one matrix product and one selection (no full sort) of each block; memory is
    people_block x item_block scores. Every product has the same number of rows (short blocks are
    filled up), so a person's scores do not depend on who is scored beside them.

    Args:
        people: person vectors [P, d].
        items: item vectors [C, d] by item_index; row 0 is never recommended.
        k: items a person; may exceed the number of candidates.
        history: [P, H] item_index, 0-padded.
        adjustment: [P, H] added to the scores of the history items.
        excluded: [P, E] item_index each person must not get, 0-padded; E may be 0.
        allowed: [C], False where nobody may get the item.

    Raises:
        ServeError: a vector or an adjustment is not finite.
    """
    for name, values in (
        ("person vectors", people),
        ("item vectors", items[1:]),
        ("own adjustments", adjustment),
    ):
        require_finite(name, values)
    barred = ~allowed
    barred[0] = True
    best = TopK(
        np.zeros((len(people), k), dtype=np.int64),
        np.full((len(people), k), -np.inf, dtype=np.float32),
    )
    for start in range(0, len(people), people_block):
        rows = slice(start, start + people_block)
        block = people[rows]
        filled = np.zeros((people_block, people.shape[1]), dtype=np.float32)
        filled[: len(block)] = block
        running = TopK(best.indices[rows], best.scores[rows])
        for first in range(0, len(items), item_block):
            columns = slice(first, min(first + item_block, len(items)))
            scores = _product(filled, items[columns])[: len(block)]
            _add_within(scores, history[rows], adjustment[rows], columns)
            scores[:, barred[columns]] = -np.inf
            _add_within(scores, excluded[rows], np.float32(-np.inf), columns)
            found = select(scores, k)
            running = _merge(running, TopK(found.indices + first, found.scores), k)
        best.indices[rows], best.scores[rows] = running
    best.indices[np.isneginf(best.scores)] = 0
    return best


def top_k_of(scores: Floats, k: int, *, excluded: Ints, allowed: NDArray[np.bool_]) -> TopK:
    """The k highest of scores that are there already, as `top_k` would choose them.

    Args:
        scores: [P, C]; changed.
        k, excluded, allowed: as in `top_k`.

    Raises:
        ServeError: a score is not finite.
    """
    require_finite("people's scores", scores[:, 1:])
    barred = ~allowed
    barred[0] = True
    scores[:, barred] = -np.inf
    _add_within(scores, excluded, np.float32(-np.inf), slice(0, scores.shape[1]))
    none = np.zeros((len(scores), k), dtype=np.int64)
    nothing = TopK(none, np.full(none.shape, -np.inf, dtype=np.float32))
    best = _merge(nothing, select(scores, k), k)
    best.indices[np.isneginf(best.scores)] = 0
    return best


def select(scores: Floats, k: int) -> TopK:
    """The k best columns of each row of `scores` [P, C], ascending by column, ties to the lowest.

    `torch.topk` finds the k-th best value but not which of several equal ones to keep, so rows
    with a tie across that border are picked again: all above it, then the first ones equal to it.
    """
    k = min(k, scores.shape[1])
    values, columns = torch.topk(torch.from_numpy(scores), k, dim=1, sorted=False)
    indices = np.sort(columns.numpy(), axis=1)
    border = values.numpy().min(axis=1, keepdims=True)
    tied = np.flatnonzero((scores >= border).sum(axis=1) > k)
    if tied.size:
        above = scores[tied] > border[tied]
        equal = scores[tied] == border[tied]
        room = k - above.sum(axis=1, keepdims=True)
        keep = above | (equal & (equal.cumsum(axis=1) <= room))
        indices[tied] = np.nonzero(keep)[1].reshape(len(tied), k)
    return TopK(indices, np.take_along_axis(scores, indices, axis=1))


def _product(people: Floats, items: Floats) -> Floats:
    """people @ items.T by torch: numpy's OpenBLAS rounds a row by its place in the block (Zen)."""
    return np.asarray((torch.from_numpy(people) @ torch.from_numpy(items).T).numpy())


def _merge(left: TopK, right: TopK, k: int) -> TopK:
    indices = np.concatenate([left.indices, right.indices], axis=1)
    scores = np.concatenate([left.scores, right.scores], axis=1)
    order = np.lexsort((indices, -scores), axis=1)[:, :k]
    return TopK(np.take_along_axis(indices, order, 1), np.take_along_axis(scores, order, 1))


def _add_within(
    scores: Floats, indices: Ints, amounts: Floats | np.float32, columns: slice
) -> None:
    """Add `amounts` at the item indices [P, H] that fall into this block of columns."""
    if not indices.shape[1]:
        return
    inside = (indices >= columns.start) & (indices < columns.stop)
    rows = np.nonzero(inside)[0]
    np.add.at(
        scores,
        (rows, indices[inside] - columns.start),
        np.broadcast_to(amounts, indices.shape)[inside],
    )


def require_finite(name: str, values: Floats) -> None:
    """Refuse vectors [n, d] that would make scores meaningless."""
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        raise ServeError(
            f"{bad.size:,} {name} are not finite numbers",
            where=f"first at row {bad[0]:,} of {len(values):,}",
            remedy="the model diverged or its inputs hold NaN; check the loss and the features",
        )
