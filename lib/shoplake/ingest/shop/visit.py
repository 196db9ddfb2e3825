"""One visit to the shop: what is searched, seen, clicked, bought, sent back and written about."""

from __future__ import annotations

from shoplake.ingest.shop.browsing import choose, search, shelf, write_query
from shoplake.ingest.shop.catalogue import DELIVERY
from shoplake.ingest.shop.choice import draw_clicks, purchase_probability
from shoplake.ingest.shop.config import time_text
from shoplake.ingest.shop.files import Record, happened
from shoplake.ingest.shop.letters import INTENTS, write_message, write_review
from shoplake.ingest.shop.people import CHANNELS
from shoplake.ingest.shop.shopper import Shopper
from shoplake.ingest.shop.vocabulary import BRANDS

_AGENTS = {
    "web": ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/146.0",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) Version/18.2 Safari/605.1.15"),
    "app": ("HarbourLane/4.2 (iPhone; iOS 18.2)", "HarbourLane/4.2 (Android 15)"),
    "pos": ("till/1",),
}  # fmt: skip


class Visit:
    """One session of a shopper: its clock, its channel, and the basket that may become an order."""

    def __init__(self, shopper: Shopper, day: int) -> None:
        self.shopper, self.day, self.rng = shopper, day, shopper.rng
        letter = str(self.rng.choice(sorted(shopper.person.ids)))
        self.channel = CHANNELS[letter]
        anonymous = self.channel == "web" and self.rng.random() < 0.06
        self.visitor = None if anonymous else shopper.person.ids[letter]
        self.session = shopper.next_id("s")
        self.agent = str(self.rng.choice(_AGENTS[self.channel]))
        self.second = int(self.rng.integers(7 * 3600, 22 * 3600))
        self.basket: dict[int, int] = {}
        self.utilities = shopper.utilities(day)
        self.available = shopper.market.available[day]

    def happen(self) -> None:
        """Restock what has run out, look around, and check out."""
        for item, (lasts, due) in self.shopper.due.items():
            if due <= self.day and self.available[item] and self.rng.random() < 0.85:
                self.shopper.due[item] = (lasts, self.day + lasts * self.rng.uniform(0.7, 1.3))
                if self.channel != "pos":
                    self._event("view", item)
                self._take(item)
        if self.channel == "pos":
            self._stroll()
        else:
            for _ in range(1 + (self.rng.random() < 0.35)):
                self._browse()
        if self.basket:
            self._check_out()
        if self.rng.random() < 0.01:
            self._write_letter("", choose(self.rng, self.utilities, self.available))

    def _browse(self) -> None:
        shopper, rng, catalogue = self.shopper, self.rng, self.shopper.catalogue
        scores, way, query = shopper.market.common[self.day], rng.random(), None
        if way < 0.4:
            wanted = choose(rng, self.utilities, self.available)
            query = write_query(rng, catalogue, wanted)
            items, hits = search(rng, catalogue, scores, self.available, wanted)
            self._search(query, hits)
        elif way < 0.7:  # a department the person likes
            category = catalogue.category[choose(rng, self.utilities, self.available)]
            items = shelf(rng, scores, self.available & (catalogue.category == category))
        else:
            items = shelf(rng, scores, self.available)
        for position, item in enumerate(items, 1):
            self._event("impression", item, search=query, position=position)
        for index in draw_clicks(rng, self.utilities[items], shopper.config.choice):
            item = int(items[index])
            self._event("click", item, search=query, position=index + 1)
            self._event("view", item)
            buys = purchase_probability(self.utilities[[item]], shopper.config.choice)[0]
            draw = rng.random()
            if draw < buys:
                self._take(item)
            elif draw < buys + 0.08:  # left in the cart
                self._event("cart", item, qty=1)

    def _stroll(self) -> None:
        """The till sees only what is bought: three things taken in hand, unseen by any log."""
        for _ in range(3):
            item = choose(self.rng, self.utilities, self.available)
            buys = purchase_probability(self.utilities[[item]], self.shopper.config.choice)[0]
            if self.rng.random() < 0.5 * buys:
                self._take(item)

    def _take(self, item: int) -> None:
        self.basket.setdefault(item, self.shopper.quantity(self.rng, item))
        if self.channel != "pos":
            self._event("cart", item, qty=self.basket[item])

    def _check_out(self) -> None:
        shopper, rng, catalogue = self.shopper, self.rng, self.shopper.catalogue
        order_no = shopper.next_id("O")
        for line, (item, quantity) in enumerate(self.basket.items(), 1):
            self._event("purchase", item, qty=quantity)
            self._line(order_no, line, catalogue.ids[item], catalogue.titles[item], quantity,
                       self._price(item))  # fmt: skip
            shopper.remember(item)
            if rng.random() < 0.05:
                self._send_back(item, quantity)
            if self.visitor and rng.random() < 0.10:
                self._review(item)
        if self.channel != "pos" and rng.random() < 0.4:
            self._line(order_no, len(self.basket) + 1, DELIVERY, "Standard delivery", 1, 3.95)
        if self.visitor and rng.random() < 0.08:
            self._write_letter(order_no, next(iter(self.basket)))

    def _send_back(self, item: int, quantity: int) -> None:
        day, catalogue = self.day + int(self.rng.integers(2, 13)), self.shopper.catalogue
        second = int(self.rng.integers(9 * 3600, 18 * 3600))
        returned = int(self.rng.integers(1, quantity + 1))
        self._event("return", item, qty=returned, at=(day, second))
        self._line(self.shopper.next_id("C"), 1, catalogue.ids[item], catalogue.titles[item],
                   returned, self._price(item), kind="CANCEL", at=(day, second))  # fmt: skip

    def _price(self, item: int) -> float:
        return float(self.shopper.market.price[self.day, item])

    def _event(
        self, action: str, item: int, *, search: str | None = None, position: int | None = None,
        qty: int | None = None, at: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        if at is None:
            self.second += int(self.rng.integers(2, 40)) if action != "impression" else 0
        day, second = at or (self.day, self.second)
        record: Record = {
            "event_id": self.shopper.next_id("e"), "visitor": self.visitor, "session": self.session,
            "channel": self.channel, "action": action, "sku": self.shopper.catalogue.ids[item],
            "search": search, "position": position, "qty": qty, "price": self._price(item),
            "user_agent": self.agent, "country": self.shopper.person.country,
            "at": time_text(day, second),
        }  # fmt: skip
        self.shopper.rows["events"].append(happened(day, second, record))

    def _search(self, query: str, hits: int) -> None:
        self.second += int(self.rng.integers(2, 40))
        at = time_text(self.day, self.second)
        common = {"visitor": self.visitor, "session": self.session, "channel": self.channel,
                  "at": at}  # fmt: skip
        event = {"event_id": self.shopper.next_id("e"), "action": "search", "search": query,
                 "user_agent": self.agent, "country": self.shopper.person.country}  # fmt: skip
        row: Record = {"search_id": self.shopper.next_id("q"), "text": query, "hits": hits}
        self.shopper.rows["events"].append(happened(self.day, self.second, {**common, **event}))
        self.shopper.rows["searches"].append(happened(self.day, self.second, {**common, **row}))

    def _line(
        self, order_no: str, line: int, sku: str, title: str, quantity: int, price: float,
        *, kind: str = "SALE", at: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        day, second = at or (self.day, self.second)
        record = order_line(order_no, line, self.visitor or "", sku, title, quantity, price,
                            kind=kind, country=self.shopper.person.country, channel=self.channel,
                            at=time_text(day, second))  # fmt: skip
        self.shopper.rows["orders"].append(happened(day, second, record))

    def _review(self, item: int) -> None:
        day = self.day + int(self.rng.integers(2, 15))
        second, catalogue = int(self.rng.integers(8 * 3600, 22 * 3600)), self.shopper.catalogue
        review_id = self.shopper.next_id("r")
        stars, headline, letter = write_review(
            self.rng, self.shopper.person, catalogue.titles[item].lower(),
            BRANDS[catalogue.brand[item]], float(self.utilities[item]), self.shopper.private(),
        )  # fmt: skip
        record: Record = {
            "review_id": review_id, "customer": self.visitor, "sku": catalogue.ids[item],
            "stars": stars, "headline": headline, "body": letter.text, "at": time_text(day, second),
        }  # fmt: skip
        self.shopper.tell("reviews", review_id, letter, day, second)
        self.shopper.rows["reviews"].append(happened(day, second, record))

    def _write_letter(self, order_no: str, item: int) -> None:
        intent = str(self.rng.choice(INTENTS)) if order_no else "product_question"
        day = self.day + (int(self.rng.integers(0, 6)) if order_no else 0)
        second = min(self.second + 600, 86399)
        title = self.shopper.catalogue.titles[item].lower()
        message_id, channel = self.shopper.next_id("m"), ("email", "chat")[self.rng.integers(2)]
        letter = write_message(
            self.rng, self.shopper.person, intent, title, order_no, self.shopper.private()
        )
        record: Record = {
            "message_id": message_id, "customer": self.visitor, "channel": channel,
            "body": letter.text, "topic": intent, "at": time_text(day, second),
        }  # fmt: skip
        self.shopper.tell("messages", message_id, letter, day, second)
        self.shopper.rows["messages"].append(happened(day, second, record))


def order_line(
    order_no: str, line: int, customer: str, sku: str, title: str, quantity: int, price: float,
    *, kind: str, country: str, channel: str, at: str,
) -> Record:  # fmt: skip
    """One line of the orders file."""
    return {
        "order_no": order_no, "line_no": str(line), "customer": customer, "sku": sku, "item": title,
        "qty": str(quantity), "unit_price": f"{price:.2f}", "currency": "GBP", "type": kind,
        "line_type": "service" if sku == DELIVERY else "product", "country": country,
        "channel": channel, "ordered_at": at,
    }  # fmt: skip
