"""Purchases of people over time, and what they say of a person and an item at a cut."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.models.recommenders.interactions import Floats, Interactions, Ints

_COLUMNS = ("person", "item", "day", "quantity", "price", "undone")
#: `undone` of a purchase that was kept: after every other day.
KEPT = 10**6
_SPANS = (7, 30, 90)
_NEVER = 999.0


@dataclass(frozen=True)
class Purchases:
    """Who bought what on which day; one row a person, item, day and `undone`, in order of the day.

    Attributes:
        person, item, day: [N]; people and items by index, days since some day.
        quantity, price: [N] pieces, and money for one.
        undone: [N] day on which a cancellation took it back; `KEPT` if none did.
        category: [C] category of each item, by index.
        people: how many people there are.
    """

    person: Ints
    item: Ints
    day: Ints
    quantity: Floats
    price: Floats
    undone: Ints
    category: Ints
    people: int

    def __len__(self) -> int:
        return len(self.person)

    def between(self, first: int, stop: int) -> Purchases:
        """Those of the days first to stop - 1, but what was taken back by then.

        A cancellation that comes later is not known yet.
        """
        keep = (self.day >= first) & (self.day < stop) & (self.undone >= stop)
        rows = {n: getattr(self, n)[keep] for n in _COLUMNS}
        return replace(self, **rows)

    def interactions(self, cut: int) -> Interactions:
        """One row a person, empty if they bought nothing; days before the cut."""
        order = np.argsort(self.person, kind="stable")
        offsets = np.concatenate([[0], np.cumsum(np.bincount(self.person, minlength=self.people))])
        days = (cut - self.day[order]).astype(np.float32)
        return Interactions(self.item[order], offsets, len(self.category), days)

    def latest(self) -> Purchases:
        """The last purchase of each item by each person."""
        key = self.person * len(self.category) + self.item
        _, back = np.unique(key[::-1], return_index=True)
        keep = np.zeros(len(key), dtype=np.bool_)
        keep[len(key) - 1 - back] = True
        rows = {n: getattr(self, n)[keep] for n in _COLUMNS}
        return replace(self, **rows)

    def truth(self) -> csr_array:
        """[people, C]: 1 where the person bought the item."""
        found = csr_array(
            (np.ones(len(self), dtype=np.float32), (self.person, self.item)),
            (self.people, len(self.category)),
        )
        found.data[:] = 1
        return found


class PurchaseFeatures:
    """Features of (person, item) pairs from purchases before a cut, and nothing after it.

    Args:
        past: purchases before the cut.
        cut: the first day that is not known.
    """

    def __init__(self, past: Purchases, cut: int) -> None:
        self.cut, self.items = cut, len(past.category)
        self.category = past.category
        pair = past.person * self.items + past.item
        self._pairs = _Grouped(pair, past, cut)
        wide = int(past.category.max(initial=0)) + 1
        self._wide = wide
        self._categories = _Grouped(past.person * wide + past.category[past.item], past, cut)
        self._person = self._of_people(past, pair)
        self._item = self._of_items(past, pair)

    def of(self, people: Ints, items: Ints) -> Floats:
        """[n, f] float32, one row a pair."""
        pair = self._pairs.of(people * self.items + items)
        group = self._categories.of(people * self._wide + self.category[items])
        person, item = self._person[people], self._item[items]
        times, last, first = pair[:, 0], pair[:, 1], pair[:, 2]
        interval = np.where(times > 1, (first - last) / np.maximum(times - 1, 1), _NEVER)
        crossed = np.stack(
            [
                interval,
                np.minimum(last / np.maximum(interval, 1), 50),
                times / np.maximum(person[:, 0], 1),
                last - person[:, 1],
                item[:, -1] - person[:, -1],
            ],
            axis=1,
        )
        return np.concatenate([pair, group, person, item, crossed], axis=1).astype(np.float32)

    def _of_people(self, past: Purchases, pair: Ints) -> NDArray[np.float64]:
        """Order days, days since the last and the first, size of a basket, habit, price."""
        size = past.people
        visits = np.unique(past.person * 100_000 + past.day) // 100_000
        orders = np.bincount(visits, minlength=size)
        lines = np.bincount(past.person, minlength=size)
        distinct = np.bincount(np.unique(pair) // self.items, minlength=size)
        last, first = _ends(past.person, past.day, size, self.cut)
        price = np.bincount(past.person, np.log1p(past.price), minlength=size)
        per = np.maximum(lines, 1)
        columns = [orders, last, first, lines / np.maximum(orders, 1), 1 - distinct / per]
        return np.stack([*columns, np.log1p(distinct), price / per], axis=1)

    def _of_items(self, past: Purchases, pair: Ints) -> NDArray[np.float64]:
        """Sales of late and before, how many buy it again, its last and first sale, price."""
        size = self.items
        lines = np.bincount(past.item, minlength=size)
        buyers = np.bincount(np.unique(pair) % size, minlength=size)
        last, first = _ends(past.item, past.day, size, self.cut)
        recent = [
            np.bincount(past.item[past.day >= self.cut - span], minlength=size) for span in _SPANS
        ]
        trend = (recent[1] + 1) / ((recent[2] - recent[1]) / 2 + 1)
        price = np.bincount(past.item, np.log1p(past.price), minlength=size)
        again = lines / np.maximum(buyers, 1)
        columns = [np.log1p(lines), *[np.log1p(r) for r in recent], trend, again, last, first]
        return np.stack([*columns, price / np.maximum(lines, 1)], axis=1)


class _Grouped:
    """Times, days since the last and the first, times of late, and pieces, by key."""

    def __init__(self, key: Ints, past: Purchases, cut: int) -> None:
        self.keys, inverse = np.unique(key, return_inverse=True)
        size = len(self.keys)
        last, first = _ends(inverse, past.day, size, cut)
        late = [np.bincount(inverse[past.day >= cut - span], minlength=size) for span in _SPANS]
        pieces = np.log1p(np.bincount(inverse, past.quantity, minlength=size))
        times = np.bincount(inverse, minlength=size)
        found = np.stack([times, last, first, *late[1:], pieces], axis=1)
        never = np.array([[0, _NEVER, _NEVER, 0, 0, 0]])
        self.values = np.concatenate([found, never])

    def of(self, key: Ints) -> NDArray[np.float64]:
        """[n, 6]; of a key without a purchase, 0 times and long ago."""
        at = np.searchsorted(self.keys, key)
        at = np.minimum(at, max(len(self.keys) - 1, 0))
        held = self.keys[at] == key if len(self.keys) else np.zeros(len(key), dtype=np.bool_)
        return np.asarray(self.values[np.where(held, at, len(self.keys))])


def _ends(group: Ints, day: Ints, size: int, cut: int) -> tuple[np.ndarray, np.ndarray]:
    """Days since the last and since the first purchase of each group [size]."""
    last, first = np.full(size, -np.inf), np.full(size, np.inf)
    np.maximum.at(last, group, day)
    np.minimum.at(first, group, day)
    return (
        np.where(np.isfinite(last), cut - last, _NEVER),
        np.where(np.isfinite(first), cut - first, _NEVER),
    )
