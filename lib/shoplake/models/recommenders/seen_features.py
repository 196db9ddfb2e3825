"""What a person's history says of them and an item: only what serving knows too.

`purchases.PurchaseFeatures` knows every purchase with its day; a lake's history knows how often an
item was bought and when it was last touched. So the interval between two purchases of an item,
pieces and prices are not here; how many people took the item lately is, as of that instant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shoplake.models.recommenders.interactions import Floats, Ints
from shoplake.models.recommenders.seen import Seen

_NEVER = 999.0


@dataclass(frozen=True)
class ItemFacts:
    """Items at the instant that histories end at; every array is [M].

    Attributes:
        log_popularity, log_recent: log1p of the people of the last 30 and 7 days.
        category: of each item, by index from 0.
    """

    log_popularity: Floats
    log_recent: Floats
    category: Ints


class SeenFeatures:
    """Features of (person, item) pairs of a block of people.

    Attributes:
        held, bought: [P, M] whether the item is in the history, and whether it was bought.
    """

    def __init__(self, seen: Seen, facts: ItemFacts) -> None:
        size = len(seen), seen.catalogue
        row, place = np.nonzero(seen.item >= 0)
        item, times, days = (a[row, place] for a in (seen.item, seen.times, seen.days))
        self._facts = facts
        self.held = np.zeros(size, dtype=np.bool_)
        self.held[row, item] = True
        self._times = np.zeros(size, dtype=np.float32)
        self._times[row, item] = times
        self.bought = self._times > 0
        self._last = np.full(size, _NEVER, dtype=np.float32)
        self._last[row, item] = days
        kind = facts.category[item]
        kinds = int(facts.category.max(initial=0)) + 1
        self._kind_times = np.zeros((len(seen), kinds), dtype=np.float32)
        np.add.at(self._kind_times, (row, kind), times)
        self._kind_last = np.full((len(seen), kinds), _NEVER, dtype=np.float32)
        np.minimum.at(self._kind_last, (row, kind), days)
        self._person = _of_people(row, times, days, len(seen))

    def of(self, rows: Ints, items: Ints) -> Floats:
        """[n, f] float32, one row a pair."""
        facts, kind = self._facts, self._facts.category[items]
        times, last, person = self._times[rows, items], self._last[rows, items], self._person[rows]
        popular, recent = facts.log_popularity[items], facts.log_recent[items]
        pair = [times, last, self._kind_times[rows, kind], self._kind_last[rows, kind]]
        item = [popular, recent, recent - popular]
        crossed = [
            times / np.maximum(person[:, 1], 1),
            last - person[:, 3],
            last / np.maximum(person[:, 4], 1),
        ]
        return np.concatenate([np.stack([*pair, *item, *crossed], axis=1), person], axis=1).astype(
            np.float32
        )


def _of_people(row: Ints, times: Ints, days: Ints, people: int) -> Floats:
    """Items, purchases, items bought, days since the newest and the oldest, purchases an item."""
    items = np.bincount(row, minlength=people)
    total = np.bincount(row, times, minlength=people)
    bought = np.bincount(row, times > 0, minlength=people)
    newest, oldest = np.full(people, _NEVER), np.zeros(people)
    np.minimum.at(newest, row, days)
    np.maximum.at(oldest, row, days)
    columns = [items, total, bought, newest, oldest, total / np.maximum(bought, 1)]
    return np.stack(columns, axis=1).astype(np.float32)
