"""The sentences about an order, a product or recommendations, and the facts behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from shoplake.models.assistant.entities import Entities
from shoplake.models.assistant.settings import Clause
from shoplake.models.search.text import terms, words
from shoplake.serve.assistant.dialogue import State
from shoplake.serve.assistant.door import Door
from shoplake.serve.assistant.facts import Fact, Order
from shoplake.serve.assistant.wording import SPOKEN, said
from shoplake.serve.search import Searcher

#: Several orders, or those of a time that is not a day: all are shown, with their days.
_SEVERAL = re.compile(
    r"\borders\b|\bpurchases\b|\bhistory\b|\ball my\b|\byesterday\b"
    r"|\b(?:last|this|past|previous)\s+(?:\w+\s+)?(?:weeks?|months?|years?|days?|summer|winter|spring"
    r"|autumn|christmas)\b|所有|全部|历史|显示|昨天|上周|上个?月|去年|今年|这个?月|本[周月]",
    re.IGNORECASE,
)
#: One of a list that is not its first, which a dialogue does not remember.
_NTH = re.compile(
    r"\b(?:second|third|fourth|fifth|2nd|3rd|4th|5th|other one)\b|第[二三四五]|另一个",
    re.IGNORECASE,
)
_LAST = re.compile(r"\b(?:last|latest|newest|recent)\b|最近|最后|上一", re.IGNORECASE)
#: Words of requests that name no product.
FRAME = frozenset(
    (  # noqa: SIM905
        "is are was there the a an my me i you your do does did have has had can could would will"
        " it its this that one in stock again when available left of still get how much many what"
        " price cost costs expensive sold out hello hi dear please thanks thank for to from with"
        " and or any some we us buy sell selling looking look find show need want made material"
        " big size colour color brand which tell about come fit be on at whether know like got"
        " order back"
    ).split()
)
#: Words for what was last spoken of; in Chinese a question may as well leave it out.
_IT = re.compile(
    r"\b(?:it|its|this|that|they|them)\b|它|这个|这件|那个|那件"
    r"|^(?:请问)?(?:还|现在)?(?:有没?有?(?:货|库存)|多少钱|价格)",
    re.IGNORECASE,
)
_MOST = 5
#: A product this far below the best one found is not shown beside it.
_NEAR_BEST = 0.6
#: Share of a product's words, or of the query's, that must be said for it to be meant.
_ENOUGH = 0.6


@dataclass(frozen=True)
class Reply:
    """Sentences, the facts they stand on, the dialogue's state, and why a person is needed."""

    sentences: tuple[str, ...]
    facts: tuple[Fact, ...]
    state: State
    hand_over: str = ""


def reply(
    intent: str,
    clause: Clause,
    message: str,
    named: Entities,
    door: Door,
    state: State,
    search: Searcher | None,
    past: Callable[[str], Fact | None],
) -> Reply:
    """What is said about an intent, before the shop's rules.

    Args:
        intent, clause: what was understood, and what is done about it.
        message: the person's words.
        named: what they name.
        door: what the person may be told.
        state: the dialogue so far.
        search: over products behind the door, or None.
        past: finds an earlier answer to a question.
    """
    if clause.facts == "order":
        return _order(intent, message, named, door, state)
    if clause.facts == "product":
        return _product(intent, message, named, door, state, search, past)
    if clause.facts == "recommendations":
        return _recommended(named, door, state)
    spoken = SPOKEN.get(intent)
    return Reply((said(spoken, chinese=named.chinese),) if spoken else (), (), state)


def _order(intent: str, message: str, named: Entities, door: Door, state: State) -> Reply:
    chinese = named.chinese
    if door.subject is None:
        return Reply((said("sign_in", chinese=chinese),), (), state)
    orders = door.orders()
    asked = [o for number in named.numbers if (o := door.order(number)) is not None]
    # A number that is none of theirs is not answered with another order, not even of that day.
    numbered = named.order_named or any(not _in_a_name(n, orders) for n in named.like_orders)
    if not numbered:
        asked = asked or [o for o in orders if o.fact.values["date"] in named.dates]
    if (numbered or named.dates) and not asked:
        return Reply((said("no_such_order", chinese=chinese),), (), state, "no such order")
    if not orders:
        return Reply((said("no_orders", chinese=chinese),), (), state)
    if not asked and intent == "order_details" and _SEVERAL.search(message):
        latest = orders[:_MOST]
        told = [said("orders", chinese=chinese), *(_told(o, chinese) for o in latest)]
        state = replace(state, order=latest[0].order_id)
        return Reply(tuple(told), tuple(o.fact for o in latest), state)
    before = None if _LAST.search(message) or not state.order else door.order(state.order)
    order = asked[0] if asked else before or orders[0]
    sentences, facts = [_told(order, chinese)], [order.fact]
    if order.fact.values["status"] == "partly cancelled":
        sentences.append(said("some_cancelled", order.fact.values, chinese=chinese))
    if intent == "order_details":
        shown = order.items[:_MOST]
        items = [said("item", {"name": n, "units": u}, chinese=chinese) for _, n, u in shown]
        sentences.append("; ".join(items) + ".")
        # Their names stand in the products' rows.
        facts += [f for key, _, _ in shown if (f := door.product(key)) is not None]
    if intent == "track_order":
        sentences.append(said("parcel", chinese=chinese))
    product = order.items[0][0] if len(order.items) == 1 else state.product
    state = replace(state, order=order.order_id, product=product)
    return Reply(tuple(sentences), tuple(facts), state)


def _in_a_name(number: str, orders: list[Order]) -> bool:
    """Whether something that was ordered has it in its name, as a model's number."""
    names = [name.lower() for order in orders for _, name, _ in order.items]
    return any(number.lower() in name for name in names)


def _told(order: Order, chinese: bool) -> str:
    values = dict(order.fact.values)
    values["status"] = said(values["status"], chinese=chinese)
    return said("order", values, chinese=chinese)


def _product(
    intent: str,
    message: str,
    named: Entities,
    door: Door,
    state: State,
    search: Searcher | None,
    past: Callable[[str], Fact | None],
) -> Reply:
    chinese = named.chinese
    if intent == "product_search":
        wanted = " ".join(named.products) or " ".join(_content(message)) or message
        hits = search.answer(wanted, 3).hits if search else []
        hits = [h for h in hits if h.score >= _NEAR_BEST * hits[0].score > 0]
        facts = [f for h in hits if h.product_id and (f := door.product(h.product_id)) is not None]
        if not facts:
            return Reply((said("no_product", chinese=chinese),), (), state)
        listed = [said("found", chinese=chinese), *(_priced(f, chinese) for f in facts)]
        return Reply(tuple(listed), tuple(facts), replace(state, product=hits[0].product_id))
    spoken_of = state.product if _IT.search(message) or not _content(message) else None
    spoken_of = None if _NTH.search(message) else spoken_of
    key = meant(message, door, search, named.products) or spoken_of
    fact = door.product(key) if key is not None else None
    if key is None or fact is None:
        found = past(message)
        if found is not None:
            return Reply((said("past", found.values, chinese=chinese),), (found,), state)
        return Reply((said("no_product", chinese=chinese),), (), state)
    state = replace(state, product=key)
    name = {"name": fact.values["name"]}
    if intent == "price":
        return Reply((_priced(fact, chinese),), (fact,), state)
    if intent == "stock":
        stock = door.stock(key)
        if stock is None:
            told = said("stock_unknown", name, chinese=chinese)
            return Reply((told,), (fact,), state, "stock unknown")
        told = said(f"stock_{stock.values['stock']}", name, chinese=chinese)
        return Reply((told,), (fact, stock), state)
    about = ", ".join(
        fact.values[k] for k in ("category", "brand", "description") if k in fact.values
    )
    sentences = [said("about", {**name, "text": about}, chinese=chinese)] if about else []
    found = past(message)
    if found is not None:
        return Reply(
            (*sentences, said("past", found.values, chinese=chinese)), (fact, found), state
        )
    if sentences and _told_of(message, about, fact.values["name"]):
        return Reply(tuple(sentences), (fact,), state)
    # Whether the description answers the question is not known, and not for a machine to guess.
    sentences.append(said("not_described", chinese=chinese))
    return Reply(tuple(sentences), (fact,), state, "not in the description")


def _recommended(named: Entities, door: Door, state: State) -> Reply:
    chinese = named.chinese
    if door.subject is None:
        return Reply((said("sign_in", chinese=chinese),), (), state)
    facts = door.recommendations(3)
    if not facts:
        return Reply((said("no_recommendations", chinese=chinese),), (), state)
    names = ", ".join(f"“{f.values['name']}”" for f in facts)
    told = f"{said('recommend', chinese=chinese)} {names}."
    return Reply((told,), tuple(facts), replace(state, product=facts[0].values["product_id"]))


def meant(
    message: str, door: Door, search: Searcher | None, called: Sequence[str] = ()
) -> str | None:
    """The product that a message names: its whole name, or most of the words that are typical.

    Args:
        message: the person's words.
        door: to the products.
        search: over them, or None.
        called: what the message calls products, where that is known.
    """
    spoken = " ".join(words(message))
    whole = [
        (len(name), key)
        for key, row in door.products.items()
        if row["name"] and (name := " ".join(words(row["name"]))) and f" {name} " in f" {spoken} "
    ]
    if whole:
        return max(whole)[1]
    content = _content(" ".join(called)) or _content(message)
    if not content or search is None:
        return None
    hit = next(iter(search.answer(" ".join(content), 1).hits), None)
    if hit is None or hit.product_id is None:
        return None
    named = set(words(hit.name))
    shared = len(named & set(content))
    enough = shared >= _ENOUGH * min(len(named), len(set(content))) and shared > 0
    return hit.product_id if enough else None


def _told_of(message: str, about: str, name: str) -> bool:
    """Whether every word that is asked about, besides the product's name, stands in the text."""
    asked = set(terms(_content(message))) - set(terms(words(name)))
    return bool(asked) and asked <= set(terms(words(about)))


def _content(message: str) -> list[str]:
    return [word for word in words(message) if word not in FRAME]


def _priced(fact: Fact, chinese: bool) -> str:
    values = {**fact.values, "name": fact.values["name"]}
    return said("product" if "price" in values else "product_no_price", values, chinese=chinese)
