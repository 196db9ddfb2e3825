"""Exact top-k, for dot products in blocks, so that memory does not grow with people x items."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from shoplake.serve.scorer import Floats, Ints
from shoplake.serve.selection import Best, TopK, best_of
from shoplake.serve.settings import ServeError


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
    item_block: int = 4_096,
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
    _require_room(people, items[1:], adjustment)
    barred = _barred(allowed)
    best = TopK(
        np.zeros((len(people), k), dtype=np.int64),
        np.full((len(people), k), -np.inf, dtype=np.float32),
    )
    filled = np.zeros((people_block, people.shape[1]), dtype=np.float32)
    space = np.empty(people_block * min(item_block, len(items)), dtype=np.float32)
    for start in range(0, len(people), people_block):
        rows = slice(start, start + people_block)
        size = len(people[rows])
        filled[:size] = people[rows]
        filled[size:] = 0
        running = Best(size, k)
        for first in range(0, len(items), item_block):
            columns = slice(first, min(first + item_block, len(items)))
            scores = _product(filled, items[columns], space)[:size]
            _adjust(scores, history[rows], adjustment[rows], columns)
            _bar(scores, excluded[rows], barred, columns)
            running.offer(scores, first)
        best.indices[rows], best.scores[rows] = running.top()
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
    _bar(scores, excluded, _barred(allowed), slice(0, scores.shape[1]))
    return best_of(scores, k)


def _product(people: Floats, items: Floats, space: Floats) -> Floats:
    """people @ items.T in `space`, by torch: numpy's OpenBLAS rounds a row by its place (Zen)."""
    scores = space[: len(people) * len(items)].reshape(len(people), len(items))
    torch.mm(torch.from_numpy(people), torch.from_numpy(items).T, out=torch.from_numpy(scores))
    return scores


def _barred(allowed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    barred = ~allowed
    barred[0] = True
    return barred


def _adjust(scores: Floats, history: Ints, amounts: Floats, columns: slice) -> None:
    """Add `amounts` [P, H] at the history's items that fall into this block of columns."""
    rows, inside = _within(history, columns)
    np.add.at(scores, (rows, history[inside] - columns.start), amounts[inside])


def _bar(scores: Floats, excluded: Ints, barred: NDArray[np.bool_], columns: slice) -> None:
    """Take out what nobody may get, and what each person may not."""
    scores[:, np.flatnonzero(barred[columns])] = -np.inf
    rows, inside = _within(excluded, columns)
    scores[rows, excluded[inside] - columns.start] = -np.inf


def _within(indices: Ints, columns: slice) -> tuple[Ints, NDArray[np.bool_]]:
    """Which of [P, H] item indices fall into this block of columns, and their rows."""
    inside = (indices >= columns.start) & (indices < columns.stop)
    return np.nonzero(inside)[0], inside


def _require_room(people: Floats, items: Floats, adjustment: Floats) -> None:
    """Refuse vectors so long that a score may be no finite number."""
    longest = [float(np.abs(values).max(initial=0)) for values in (people, items, adjustment)]
    if people.shape[1] * longest[0] * longest[1] + longest[2] >= np.finfo(np.float32).max:
        raise ServeError(
            "scores would be too large for float32",
            where=f"person vectors up to {longest[0]:.1g}, item vectors up to {longest[1]:.1g}",
            remedy="the model diverged; check the loss and the learning rate",
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
