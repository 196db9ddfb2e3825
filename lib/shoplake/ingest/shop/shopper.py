"""A person with a memory: which days they visit, what they bought, what they are running out of.

A `Shopper` is replayed from day 0 with random streams of their own, in the order of the days. So
what happens on a day is the same however days are cut into calls and people dealt over tasks.
"""

from __future__ import annotations

import numpy as np

from shoplake.ingest.shop.browsing import choose
from shoplake.ingest.shop.catalogue import Catalogue, Floats, Market
from shoplake.ingest.shop.config import ShopConfig, Stream, generator
from shoplake.ingest.shop.files import Record, Row, Rows, happened
from shoplake.ingest.shop.people import (
    day_utility,
    draw_person,
    fixed_utility,
    natural_id,
    person_records,
)
from shoplake.ingest.shop.private import Letter

RECORDED = ("events", "orders", "people", "searches", "reviews", "messages")
"""Entities that ordinary behaviour leaves rows of."""


class Shopper:
    """One person over the days.

    Attributes:
        rows: everything the shop's systems recorded about them so far.
        told: where personal data stands in what they wrote, as the truth files say it.
        visits: whether they visit on each day, shape (days,).
    """

    def __init__(
        self, config: ShopConfig, catalogue: Catalogue, market: Market, number: int
    ) -> None:
        self.config, self.catalogue, self.market = config, catalogue, market
        self.person = draw_person(config, number)
        self.rng = generator(config, Stream.BEHAVIOUR, number)
        days = len(market.price)
        rate = self.person.visits_per_day
        self.visits = generator(config, Stream.VISITS, number).random(days) < rate
        self.visits[: self.person.joined] = False
        self.fixed = fixed_utility(config, self.person, catalogue)
        self.repeat = np.zeros(len(catalogue.ids))
        self.due = self._staples()
        self.rows: Rows = {entity: [] for entity in RECORDED}
        self.told: list[Row] = []
        self.serial = 0
        for record in person_records(self.person):
            self.rows["people"].append(happened(self.person.joined, 6 * 3600, record))

    def _staples(self) -> dict[int, tuple[float, float]]:
        """Consumables kept at home: product to (days a pack lasts, next day it is due)."""
        rng, catalogue = self.rng, self.catalogue
        allowed = catalogue.consumable & (catalogue.launch == 0)
        due: dict[int, tuple[float, float]] = {}
        for _ in range(min(int(rng.integers(1, 4)), int(allowed.sum()))):
            item = choose(rng, 1.5 * self.fixed, allowed)
            lasts = float(np.clip(rng.lognormal(np.log(24), 0.4), 8, 60))
            due[item] = (lasts, self.person.joined + lasts * rng.random())
        return due

    def utilities(self, day: int) -> Floats:
        """Utility of every product on `day`, given what was bought before; shape (products,)."""
        base = day_utility(self.config, self.person, self.fixed, self.market, day)
        return base + self.repeat

    def remember(self, item: int) -> None:
        """From now on, `item` has been bought."""
        self.repeat[item] = self.repeat_term(item)

    def repeat_term(self, item: int) -> float:
        """Utility of `item` for having been bought: a consumable is wanted again, a durable not."""
        choice = self.config.choice
        again = self.catalogue.consumable[item]
        return choice.repeat_consumable if again else -choice.repeat_durable

    def quantity(self, rng: np.random.Generator, item: int) -> int:
        """How many are bought: several of what runs out, and many by the trade."""
        pieces = 1 + int(rng.poisson(1.6 if self.catalogue.consumable[item] else 0.4))
        trade = self.person.segment == "trade"
        return pieces * int(rng.choice([2, 3, 4, 6])) if trade else pieces

    def next_id(self, prefix: str) -> str:
        """A fresh id for something this person caused."""
        self.serial += 1
        return natural_id(prefix, self.config.seed, self.person.number, self.serial)

    def private(self) -> np.random.Generator:
        """The stream of what else a letter says; behaviour does not depend on it."""
        return generator(self.config, Stream.PRIVATE, self.person.number, self.serial)

    def tell(self, entity: str, natural_id: str, letter: Letter, day: int, second: int) -> None:
        """Note the personal data of a letter."""
        for kind, start, end in letter.spans:
            record: Record = {
                "entity": entity, "natural_id": natural_id, "kind": kind, "start": start,
                "end": end,
            }  # fmt: skip
            self.told.append(happened(day, second, record))
