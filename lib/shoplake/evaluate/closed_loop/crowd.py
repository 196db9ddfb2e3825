"""The built-in shop's people, lived day by day in one process while several policies serve them.

It is the simulator of `shoplake.ingest.shop` without its files, dirt and Spark: the same people,
visits, choice model and random streams. A person's ordinary visits are drawn once, whatever was
recommended; what they do with a list is drawn from a stream of (person, day) that all policies
share (common random numbers), so that two policies differ by their lists alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shoplake.ingest.shop.catalogue import build_catalogue, build_market
from shoplake.ingest.shop.choice import best_list
from shoplake.ingest.shop.config import ShopConfig
from shoplake.ingest.shop.reactions import Reactions, Recommended
from shoplake.ingest.shop.shopper import Shopper
from shoplake.ingest.shop.visit import Visit

Ints = NDArray[np.int64]


class Deed(NamedTuple):
    """Something a person did with an item that the shop knows of: a click, a cart, a purchase."""

    day: int
    person: int
    item: int
    bought: bool


@dataclass(frozen=True)
class Shown:
    """What came of one policy's lists over some days.

    Attributes:
        deeds: clicks and purchases from the lists.
        shown: [P] how often each person saw their list.
        clicks, purchases: [P] that followed.
        expected: [P] purchases to be expected from those lists by the true choice model.
        best: [P] the same of lists by true utility; best - expected is the regret.
    """

    deeds: list[Deed]
    shown: Ints
    clicks: Ints
    purchases: Ints
    expected: NDArray[np.float64]
    best: NDArray[np.float64]


class Crowd:
    """Everyone, as of the day reached.

    Args:
        config: the shop; its seed is that of all random streams.
        days: how many days may be lived.
        policies: names of those that will serve, each with a world of its own.
    """

    def __init__(self, config: ShopConfig, days: int, policies: tuple[str, ...]) -> None:
        self.config = config
        self.catalogue = build_catalogue(config)
        self.market = build_market(config, self.catalogue, days)
        self.day = 0
        self._people = [
            Shopper(config, self.catalogue, self.market, n) for n in range(config.people)
        ]
        self._index = {sku: i for i, sku in enumerate(self.catalogue.ids)}
        # What each policy has sold to each person, beside what they buy anyway.
        self._sold: dict[str, list[set[int]]] = {
            policy: [set() for _ in self._people] for policy in policies
        }

    def live(self, days: int, lists: dict[str, Ints]) -> tuple[list[Deed], dict[str, Shown]]:
        """The next days, with each policy's lists shown on every visit.

        Args:
            lists: policy -> [P, k] items, best first, -1 for none; a policy without lists shows
                nothing.

        Returns:
            What people did of their own accord, and what came of each policy's lists.
        """
        first, until = self.day, self.day + days
        ordinary: list[Deed] = []
        found = {policy: _nothing(len(self._people)) for policy in lists}
        for number, person in enumerate(self._people):
            reactions = {
                policy: Reactions(
                    person,
                    Recommended(
                        person.person.online_id,
                        [int(i) for i in items[number] if i >= 0],
                        policy,
                        f"{first}-{number}",
                    ),
                    bought=self._sold[policy][number],
                )
                for policy, items in lists.items()
            }
            for day in (first + np.flatnonzero(person.visits[first:until])).tolist():
                for policy, reaction in reactions.items():
                    self._note(found[policy], number, day, reaction)
                Visit(person, day).happen()
            ordinary += self._ordinary(number, person)
            for policy, reaction in reactions.items():
                found[policy].shown[number] = reaction.shown
                found[policy].expected[number] = reaction.expected
                found[policy].best[number] = reaction.best
        self.day = until
        return ordinary, found

    def wanted(self, length: int) -> Ints:
        """Each person's items in stock of highest true utility as the day begins [P, length]."""
        available = self.market.available[self.day]
        return np.stack([
            best_list(np.where(available, person.utilities(self.day), -np.inf), length)
            for person in self._people
        ])  # fmt: skip

    def _note(self, found: Shown, number: int, day: int, reaction: Reactions) -> None:
        for row in reaction.react(day)["feedback"]:
            action = row.record["action"]
            if action not in ("click", "purchase"):
                continue
            counted = found.clicks if action == "click" else found.purchases
            counted[number] += 1
            item = self._index[str(row.record["sku"])]
            found.deeds.append(Deed(day, number, item, action == "purchase"))

    def _ordinary(self, number: int, person: Shopper) -> list[Deed]:
        """What the shop's systems recorded since last time, of visitors they know."""
        deeds = []
        for row in person.rows["events"]:
            action = row.record["action"]
            if action in ("click", "cart", "purchase") and row.record["visitor"]:
                item = self._index[str(row.record["sku"])]
                deeds.append(Deed(row.day, number, item, action == "purchase"))
        for rows in person.rows.values():
            rows.clear()
        return deeds


def _nothing(people: int) -> Shown:
    shown, clicks, purchases = (np.zeros(people, dtype=np.int64) for _ in range(3))
    return Shown([], shown, clicks, purchases, np.zeros(people), np.zeros(people))
