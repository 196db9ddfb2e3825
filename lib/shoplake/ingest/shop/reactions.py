"""How a person reacts to a recommended list: the ordinary choice model, and a log of propensities.

The list is shown once a visit. With probability `exploration` in a uniformly random order, else as
ranked; so an item stands at its own rank with propensity (1 - e) + e/k and elsewhere with e/k.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shoplake.ingest.shop.choice import best_list, draw_clicks, list_value, purchase_probability
from shoplake.ingest.shop.config import Stream, generator, time_text
from shoplake.ingest.shop.files import Record, Rows, happened
from shoplake.ingest.shop.people import CHANNELS, natural_id
from shoplake.ingest.shop.shopper import Shopper
from shoplake.ingest.shop.visit import order_line


@dataclass(frozen=True)
class Recommended:
    """One list for one platform identity: indices of products, best first."""

    person_id: str
    items: list[int]
    model_version: str
    request_id: str


@dataclass
class Reactions:
    """What one person did with one list over the days of a call.

    Purchases made here are remembered here and not by the shopper: ordinary behaviour is the same
    whatever was recommended, so that two models can be compared on the same days.

    Attributes:
        expected: expected purchases, summed over the times the list was shown.
        best: the same for lists in the order of true utility; best - expected is the regret.
    """

    shopper: Shopper
    given: Recommended
    bought: set[int] = field(default_factory=set)
    shown: int = 0
    expected: float = 0.0
    best: float = 0.0

    def react(self, day: int) -> Rows:
        """Feedback and order lines of the visit on `day`."""
        shopper, config = self.shopper, self.shopper.config
        rng = generator(config, Stream.REACTION, shopper.person.number, day)
        available = shopper.market.available[day]
        items = np.array([i for i in self.given.items if available[i]][: config.slots], dtype=int)
        # A till shows no lists: its customer sees theirs online.
        visitor = self.given.person_id
        if CHANNELS[visitor[0]] == "pos":
            visitor = shopper.person.online_id
        explored, shuffled = rng.random() < config.exploration, rng.permutation(len(items))
        second, rows = int(rng.integers(7 * 3600, 22 * 3600)), Rows(feedback=[], orders=[])
        if not len(items):
            return rows
        utilities = shopper.utilities(day)
        for item in self.bought:
            utilities[item] += shopper.repeat_term(item) - shopper.repeat[item]
        self._judge(items, utilities, available)

        ranks = shuffled if explored else np.arange(len(items))
        shown, uniform = items[ranks], config.exploration / len(items)
        propensity = uniform + (1 - config.exploration) * (ranks == np.arange(len(items)))
        request = self.given.request_id + (f"-{self.shown}" if self.shown > 1 else "")
        order_no, line = natural_id("O", "reaction", config.seed, request, day), 0

        def log(kind: str, index: int, seconds: int) -> None:
            record: Record = {
                "feedback_id": natural_id("f", request, day, index, kind), "request_id": request,
                "visitor": visitor, "sku": shopper.catalogue.ids[shown[index]],
                "action": kind, "position": index + 1, "propensity": round(propensity[index], 6),
                "model": self.given.model_version, "at": time_text(day, second + seconds),
            }  # fmt: skip
            rows["feedback"].append(happened(day, second + seconds, record))

        for index in range(len(items)):
            log("impression", index, 0)
        clicks = draw_clicks(rng, utilities[shown], config.choice)
        for turn, index in enumerate(clicks, 1):
            item = int(shown[index])
            log("click", index, 40 * turn)
            if rng.random() < purchase_probability(utilities[[item]], config.choice)[0]:
                line += 1
                log("cart", index, 40 * turn + 15)
                log("purchase", index, 300)
                self.bought.add(item)
                record = order_line(
                    order_no, line, visitor, shopper.catalogue.ids[item],
                    shopper.catalogue.titles[item], shopper.quantity(rng, item),
                    float(shopper.market.price[day, item]), kind="SALE",
                    country=shopper.person.country, channel=CHANNELS[visitor[0]],
                    at=time_text(day, second + 300),
                )  # fmt: skip
                rows["orders"].append(happened(day, second + 300, record))
        for index, draw in enumerate(rng.random(len(items))):
            if index not in clicks and draw < config.choice.dismiss:
                log("dismiss", index, 200)
        return rows

    def _judge(self, items: np.ndarray, utilities: np.ndarray, available: np.ndarray) -> None:
        choice = self.shopper.config.choice
        best = best_list(np.where(available, utilities, -np.inf), len(items))
        self.shown += 1
        self.expected += list_value(utilities[items], choice)
        self.best += list_value(utilities[best], choice)
