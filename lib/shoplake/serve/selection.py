"""The k best of each row of scores, exactly, without a look at most of them twice."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shoplake.serve.scorer import Floats, Ints


class TopK(NamedTuple):
    """The best items of each person, best first; a row short of candidates ends in (0, -inf).

    Attributes:
        indices: [P, k] item_index.
        scores: [P, k] float32.
    """

    indices: Ints
    scores: Floats


#: Chunks that a row is cut into for a first border; their maxima are looked at, the rest is not.
_CHUNKS = 256


def best_of(scores: Floats, k: int) -> TopK:
    """The k best columns of each row of `scores` [P, C], as `Best` chooses them."""
    best = Best(len(scores), k)
    best.offer(scores)
    return best.top()


class Best:
    """The k best columns of each of P rows, of blocks of columns that are offered from the left.

    Equal scores go to the lower column; -inf and NaN are no candidates. Each block is compared
    with a border that the k-th best cannot be below: the k-th best so far, or the k-th highest
    maximum of chunks of the row. Little more than k columns reach it, and only those are sorted.
    """

    def __init__(self, rows: int, k: int) -> None:
        self._k = k
        self._keys = np.full((rows, k), _NOTHING)

    def offer(self, scores: Floats, first: int = 0) -> None:
        """Look at a block of scores [P, C]; its columns count from `first`, blocks rise."""
        k, (height, width) = self._k, scores.shape
        # What only equals the k-th best so far comes after it.
        border = np.nextafter(_score(self._keys.max(axis=1)), np.float32(np.inf))
        near = scores >= border[:, None]
        if np.count_nonzero(near) > 4 * k * height:
            border = np.maximum(border, _at_least(scores, k))
            near = scores >= border[:, None]
        flat = np.flatnonzero(near)
        edges = np.searchsorted(flat, np.arange(height + 1) * width)
        count = np.diff(edges)
        rows = np.repeat(np.arange(height), count)
        keys = _key(scores.reshape(-1)[flat], flat - rows * width + first)
        for row in np.flatnonzero(count > 4 * k):  # ties: no border is between them
            own = slice(edges[row], edges[row + 1])
            keys[own].partition(k - 1)
            count[row] = k
        places = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        kept = places + np.repeat(edges[:-1], count)
        joined = np.full((height, k + count.max(initial=0)), _NOTHING)
        joined[:, :k] = self._keys
        joined[np.repeat(np.arange(height), count), k + places] = keys[kept]
        joined.partition(k - 1, axis=1)
        self._keys = joined[:, :k]

    def top(self) -> TopK:
        """The best of all that was offered."""
        keys = np.sort(self._keys, axis=1)
        return TopK(keys & 0xFFFFFFFF, _score(keys))


def _at_least(scores: Floats, k: int) -> Floats:
    """What at least k scores of each row [P, C] reach, as high as a glance tells; [P].

    Chunks are the columns that are equal modulo their number, so that a maximum is one of whole
    stretches of memory. The last columns may be in none, which makes the bound no wrong one.
    """
    height, width = scores.shape
    chunks = min(width, max(_CHUNKS, 3 * k))
    if chunks < k:
        return np.full(height, -np.inf, dtype=np.float32)
    whole = scores[:, : width // chunks * chunks]
    maxima = whole.reshape(height, -1, chunks).max(axis=1)
    return np.asarray(np.partition(maxima, chunks - k, axis=1)[:, chunks - k])


def _key(scores: Floats, columns: Ints) -> Ints:
    """One number for a score and a column: a lower number is a higher score, or a lower column.

    The bits of a float, read as a whole number, are in its order; of a negative one in reverse.
    """
    bits = (scores + np.float32(0)).view(np.int32)  # -0.0 is 0.0
    return -(bits ^ (bits >> 31 & 0x7FFFFFFF)).astype(np.int64) << 32 | columns


def _score(keys: Ints) -> Floats:
    """The scores that the keys were made of."""
    bits = -(keys >> 32)
    return (bits ^ (bits >> 31 & 0x7FFFFFFF)).astype(np.int32).view(np.float32)


#: The key of (0, -inf), which comes after all candidates.
_NOTHING = _key(np.array([-np.inf], dtype=np.float32), np.array([0]))[0]
