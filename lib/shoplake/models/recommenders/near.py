"""Which item of a history speaks most for an item: the reason that a recommendation can give."""

from __future__ import annotations

import numpy as np

from shoplake.models.recommenders.interactions import Ints
from shoplake.models.recommenders.parts import Part
from shoplake.models.recommenders.seen import Seen

_BLOCK = 512


def speaking_for(part: Part, catalogue: int, most: int = 30) -> Ints:
    """[M, most] items that, alone in a history, raise an item's score most; best first, else -1.

    The model itself is asked, with a history of one item after the other and with none. Popularity
    answers the same to all of them, and so has no item that speaks for another.
    """
    if catalogue == 0:
        return np.full((0, most), -1, dtype=np.int64)
    nobody = part.scores(_one(np.array([-1]), catalogue))[0]
    values = np.full((catalogue, most), -np.inf, dtype=np.float32)
    found = np.full((catalogue, most), -1, dtype=np.int64)
    for start in range(0, catalogue, _BLOCK):
        items = np.arange(start, min(start + _BLOCK, catalogue))
        gain = (part.scores(_one(items, catalogue)) - nobody).T
        gain[items, items - start] = -np.inf
        gain = np.concatenate([values, gain], axis=1)
        names = np.concatenate([found, np.broadcast_to(items, (catalogue, len(items)))], axis=1)
        top = np.argpartition(-gain, most - 1, axis=1)[:, :most]
        values = np.take_along_axis(gain, top, axis=1)
        found = np.take_along_axis(names, top, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    values, found = np.take_along_axis(values, order, 1), np.take_along_axis(found, order, 1)
    return np.where(values > 1e-6, found, -1)


def _one(items: Ints, catalogue: int) -> Seen:
    """People with one item each, bought once and just now."""
    return Seen(items[:, None], np.ones((len(items), 1), np.int64), items[:, None] * 0, catalogue)
