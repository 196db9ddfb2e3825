"""Whether answers say only what the rows they cite say, checked on those rows, and how fast."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from shoplake.evaluate.findings import Figure
from shoplake.serve.assistant.answering import Answer, Assistant
from shoplake.serve.assistant.door import Door, Row
from shoplake.serve.search_lake import Held, shop_search

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NAME = re.compile(r"“([^”]+)”")
_PERSON = "0f" * 16
_GOODS = (
    ("Red Mug", "Stoneware, dishwasher safe, 350 ml.", "4.50", 12),
    ("Glass Vase", "Blown glass, 30 cm high.", "19.00", 0),
    ("Copper Desk Lamp", "With a 2 m cable, bulb not included.", "45.00", 3),
    ("Set of 6 Candles", "Beeswax, burn for 8 hours each.", "11.25", 40),
    ("Wool Throw", None, "39.90", None),
)
#: Asked of each product, beside the messages that are judged: their data has no such intents.
_ASKED = ("is the {} in stock?", "how much is the {}?", "tell me about the {}", "{}多少钱")


def example_door() -> Door:
    """A made-up person with three orders in a made-up shop of five products."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    products: list[Row] = [
        {
            **{"product_id": f"shop:{i}", "name": name, "category": "home", "brand": None},
            **{"description": about, "price": Decimal(price), "currency": "GBP", "stock": stock},
        }
        for i, (name, about, price, stock) in enumerate(_GOODS)
    ]
    orders: list[Row] = [
        {
            **{"order_line_id": f"shop:{n}.1", "order_id": f"shop:{n}", "person_key": _PERSON},
            **{"product_id": f"shop:{i}", "kind": "sale", "line_kind": "product", "quantity": i},
            **{"amount": Decimal(i) * Decimal(_GOODS[i][2]), "currency": "GBP"},
            **{"cancelled_quantity": 0, "ordered_at": now.replace(day=i)},
        }
        for i, n in enumerate((70315, 70924, 71288), 1)
    ]
    wishes: list[Row] = [
        {
            **{"person_key": _PERSON, "as_of": now, "rank": i, "product_id": f"shop:{i}"},
            **{"product_name": _GOODS[i][0]},
        }
        for i in (1, 2, 3)
    ]
    tables: dict[str, list[Row]] = {
        "silver.products": products,
        "silver.orders": orders,
        "gold.recommendations": wishes,
    }
    return Door(_PERSON, tables, dict.fromkeys(tables, 0))


def unsupported(answer: Answer, door: Door, assistant: Assistant) -> list[str]:
    """Numbers and quoted names of an answer that stand in none of the rows it cites."""
    cited = " ".join(_cited(door, assistant, c.table, c.key) for c in answer.citations)
    numbers = {float(n) for n in _NUMBER.findall(cited)}
    wrong = [n for n in _NUMBER.findall(answer.text) if float(n) not in numbers]
    return wrong + [n for n in _NAME.findall(answer.text) if n not in cited]


def _cited(door: Door, assistant: Assistant, table: str, key: str) -> str:
    if table == "conf/assistant/policies.yml":
        policy = assistant.policies[key]
        return f"{policy.en} {policy.zh}"
    rows = [row for row in door.tables.get(table, ()) if _is(row, key)]
    return " ".join(str(value) for row in rows for value in row.values())


def _is(row: Row, key: str) -> bool:
    product, _, rank = key.partition("/")
    if rank:
        return bool(row["product_id"] == product and str(row["rank"]) == rank)
    return key in (row.get("order_id"), row.get("product_id") if "price" in row else None)


def answered(assistant: Assistant, messages: Sequence[str]) -> dict[str, Figure]:
    """grounded (share of answers), handed_over (share of messages), latency_p50_ms and _p99_ms.

    Args:
        assistant: any.
        messages: what the example's person writes, each by itself.
    """
    door = example_door()
    goods = pd.DataFrame([dict(r) for r in door.tables["silver.products"]])
    search = shop_search(Held(goods))
    asked = [*messages, *(a.format(name) for name, *_ in _GOODS for a in _ASKED)]
    assistant.answer(asked[0], door, None, search)
    taken: list[float] = []
    answers: list[Answer] = []
    for text in asked:
        began = time.perf_counter()
        answers.append(assistant.answer(text, door, None, search))
        taken.append(time.perf_counter() - began)
    stated: list[Any] = [a for a in answers if a.citations]
    grounded = [not unsupported(a, door, assistant) for a in stated]
    p50, p99 = np.quantile(taken, [0.5, 0.99]) * 1000
    return {
        **({"grounded": Figure(float(np.mean(grounded)))} if grounded else {}),
        "handed_over": Figure(float(np.mean([a.handover for a in answers]))),
        "latency_p50_ms": Figure(float(p50)),
        "latency_p99_ms": Figure(float(p99)),
    }
