"""The recorded lineage against the truth: change a source column and see which columns change.

Every perturbation is a shop of its own, since a shop's rows do not touch another's, so that one
Spark job answers them all. Sound: a value that changes in a row that stays has an edge of its
column, and a row that comes or goes an edge of the rows. Not idle: for chosen columns every
direct edge has an effect.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.governance.lineage.building import table_edges
from shoplake.governance.lineage.edges import Edge
from shoplake.governance.lineage.plan import Scan, trace
from shoplake.refine.events import events
from shoplake.refine.identify import identities, people
from shoplake.refine.orders import orders
from shoplake.refine.products import products
from shoplake.refine.pseudonym import Secret, pseudonym
from shoplake.refine.settings import BotThresholds, RefineSettings
from shoplake.runtime.settings import conf_dir

KEY = Secret("a key that only the tests know")
#: Two views in a minute are a robot's, so that their times matter.
SETTINGS = RefineSettings(KEY, bots=BotThresholds(actions_per_minute=1))
PERSONS = ("p", "q", "s", "t")
LINKS = ("L", "M")
Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A silver table, hand-made rows of its source, and what to try in each column."""

    build: Callable[[DataFrame], DataFrame]
    rows: list[Row]
    values: dict[str, list[Any]]
    #: Columns whose direct edges must all have been seen to have an effect.
    exact: tuple[str, ...]


T = "2020-01-0{} 10:00:00".format
SALE = {
    "person_id": "p", "product_id": "a", "product_name": "A", "quantity": "4", "unit_price": "2.50",
    "currency": "GBP", "kind": "sale", "line_kind": "product", "country": "France",
    "platform": "web",
}  # fmt: skip
ORDERS = [
    SALE | {"order_id": "1", "line_id": "1", "ordered_at": T(1)},
    SALE | {"order_id": "1", "line_id": "1", "ordered_at": T(1)},
    SALE | {"order_id": "2", "line_id": "1", "ordered_at": T(2), "product_id": "b"},
    SALE | {"order_id": "3", "line_id": "1", "ordered_at": T(3), "kind": None, "quantity": "-3"},
    SALE | {"order_id": "4", "line_id": "1", "ordered_at": T(4), "person_id": "q"},
    SALE | {"order_id": "5", "line_id": None, "ordered_at": T(5), "quantity": "900"},
]  # fmt: skip
PRODUCT = {
    "product_id": "a", "name": "Red Mug", "description": "d", "category": "Mugs", "brand": "B",
    "seller": "S", "price": "3", "currency": "GBP", "stock": "4", "attributes": '{"k": "v"}',
    "kind": "product", "mentions": "2", "updated_at": T(1),
}  # fmt: skip
PRODUCTS = [
    PRODUCT,
    PRODUCT | {"updated_at": T(2)},
    PRODUCT | {"updated_at": T(3), "price": "4"},
    PRODUCT | {"updated_at": T(3), "name": "Blue Mug", "mentions": "1"},
    PRODUCT | {"product_id": "b", "updated_at": None},
]
PERSON = {
    "person_id": "p", "platform": "web", "link_key": "L", "name": "n", "email": "a@b.io",
    "phone": "1", "address": "s", "country": "France", "birth_year": "1985", "segment": "gold",
    "consent": "true", "signed_up_at": T(1),
}  # fmt: skip
PEOPLE = [
    PERSON,
    PERSON | {"person_id": "q", "platform": "app", "signed_up_at": T(2), "country": None},
    PERSON | {"person_id": "q", "platform": "app", "signed_up_at": T(3), "link_key": None},
    PERSON | {"person_id": "s", "link_key": None, "consent": None},
]
EVENT = {
    "event_id": "1", "person_id": "p", "session_id": "x", "platform": "web", "kind": "view",
    "product_id": "a", "query": None, "position": "1", "quantity": "1", "price": "2",
    "user_agent": "Mozilla", "country": "France", "occurred_at": T(1),
}  # fmt: skip
EVENTS = [
    EVENT,
    EVENT | {"occurred_at": T(2)},
    EVENT | {"event_id": "2", "kind": "search", "query": "Red  MUG", "product_id": None},
    EVENT | {"event_id": "3", "session_id": "y", "user_agent": "curl bot"},
    EVENT | {"event_id": "4", "session_id": "y"},
    EVENT | {"event_id": "5", "session_id": "u"},
    EVENT | {"event_id": "6", "session_id": "u"},
]

LONG = {"silver.orders", "silver.products", "silver.events", "silver.people"}
CASES = {
    "silver.orders": Case(
        lambda sent: orders(sent, None, SETTINGS),
        ORDERS,
        {
            "order_id": ["9", "1", None], "line_id": ["7", None], "person_id": ["t", "q", None],
            "product_id": ["c", "b"], "product_name": ["B"], "quantity": ["1", "-2", "x"],
            "unit_price": ["9.99", "0", "x"], "currency": ["eur"], "kind": ["cancel", None, "odd"],
            "line_kind": ["service", None], "country": ["germany"], "platform": ["app", "odd"],
            "ordered_at": [T(6), "x"],
        },
        ("shop", "order_id", "product_id", "kind", "line_kind", "quantity", "unit_price", "amount",
         "currency", "country", "platform", "ordered_at", "order_date", "net_quantity",
         "cancelled_quantity", "person_key", "is_outlier"),
    ),
    "silver.products": Case(
        lambda sent: products(sent, SETTINGS),
        PRODUCTS,
        {
            "product_id": ["c", "b", None], "name": ["Green", None, "Blue Mug"],
            "description": ["e"], "category": ["Cups"], "brand": ["C"], "seller": ["Z"],
            "price": ["8", "x"], "currency": ["eur"], "stock": ["0", "x"],
            "attributes": ['{"k": "w"}', "x"], "kind": ["service", "odd"], "mentions": ["9", "x"],
            "updated_at": [T(5), None, "x"],
        },
        ("product_id", "name", "description", "category", "brand", "seller", "price", "currency",
         "stock", "attributes", "kind", "text", "valid_from", "valid_to"),
    ),
    "silver.people": Case(
        lambda sent: people(sent, SETTINGS),
        PEOPLE,
        {
            "person_id": ["t", "q", None], "platform": ["app", "odd"], "link_key": ["M", None],
            "name": ["m"], "email": ["c@d.io"], "phone": ["2"], "address": ["z"],
            "country": ["germany", None], "birth_year": ["1999", "x"], "segment": ["tin"],
            "consent": ["false", "x"], "signed_up_at": [T(7), "x"],
        },
        ("country", "birth_decade", "segment", "consent", "signed_up_on"),
    ),
    "silver.identities": Case(
        lambda sent: identities(sent, SETTINGS),
        PEOPLE,
        {
            "person_id": ["t", "q", None], "platform": ["app", "odd"], "link_key": ["M", None],
            "country": ["germany"], "signed_up_at": [T(7), "x"],
        },
        ("identity_key", "person_key", "platform"),
    ),
    "silver.events": Case(
        lambda sent: events(sent, None, SETTINGS),
        EVENTS,
        {
            "event_id": ["9", "1"], "person_id": ["t", None], "session_id": ["z", "y"],
            "platform": ["app", "odd"], "kind": ["click", "odd"], "product_id": ["b"],
            "query": ["Blue"], "position": ["2", "x"], "quantity": ["3", "x"], "price": ["9", "x"],
            "user_agent": ["crawler", "Mozilla"], "country": ["germany"],
            "occurred_at": [T(3), "x"],
        },
        ("platform", "kind", "product_id", "query", "position",
         "quantity", "price", "country", "occurred_at", "event_date", "is_bot", "person_key"),
    ),
}  # fmt: skip


def worlds(case: Case) -> Iterator[tuple[str | None, list[Row]]]:
    """The rows as they are, then with each value in each row in turn, and in all of them."""
    yield None, case.rows
    for column, values in case.values.items():
        for value in values:
            for changed in (*range(len(case.rows)), None):
                yield (
                    column,
                    [
                        row | {column: value} if changed in (None, n) else row
                        for n, row in enumerate(case.rows)
                    ],
                )


def sent(spark: SparkSession, table: str, case: Case) -> DataFrame:
    """All worlds as one bronze table, each a shop."""
    contract = load_contracts(conf_dir() / "contracts")[table]
    rows = [
        {"_row_id": f"w{w}:r{n}", "_source": f"w{w}", "_file": "f", "_row": n, "_raw": "{}"} | row
        for w, (_, rows) in enumerate(worlds(case))
        for n, row in enumerate(rows)
    ]
    names = contract.column_names
    schema = ", ".join(f"{c.name} {c.type}" for c in contract.columns)
    return spark.createDataFrame([tuple(row.get(name) for name in names) for row in rows], schema)


def lineage(df: DataFrame, table: str, source: str) -> set[Edge]:
    """The edges of a frame whose only leaf stands for `source`."""
    book = load_contracts(conf_dir() / "contracts")
    nodes = json.loads(df._jdf.queryExecution().analyzed().toJSON())
    leaves = sum(node["num-children"] == 0 for node in nodes)
    frame = trace(nodes, [Scan(source, book[source].key)] * leaves)
    return set(table_edges("test", book[table], frame))


def plain(value: Any, world: int, keys: dict[str, str]) -> Any:
    """A value without what tells its world from the others."""
    if isinstance(value, str):
        return keys.get(value, re.sub(rf"^w{world}(?=:|$)", "w", value))
    return value


def pseudonyms(world: int) -> dict[str, str]:
    known = {f"w{world}:{p}": f"person {p}" for p in PERSONS}
    known |= {f"w{world}:link:{link}": f"link {link}" for link in LINKS}
    return {pseudonym(value, KEY): name for value, name in known.items()}


@pytest.mark.parametrize(
    "table",
    [pytest.param(t, marks=pytest.mark.slow if t in LONG else ()) for t in CASES],
)
def test_whatever_changes_is_in_the_lineage(spark: SparkSession, table: str) -> None:
    case = CASES[table]
    source = "bronze.people" if table == "silver.identities" else table.replace("silver", "bronze")
    made = case.build(sent(spark, source, case))
    edges = lineage(made, table, source)
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for row in made.collect():
        world = int(re.match(r"w(\d+):", row["row_id"])[1])  # type: ignore[index]
        if row["_duplicate_of"] is None and not row["_cast_failures"]:
            keys = pseudonyms(world)
            values = {c: plain(row[c], world, keys) for c in made.columns[:-2]}
            found.setdefault(world, {})[values["row_id"]] = values
    base = found[0]
    flows, effects, missing = set(), set(), set()
    for world, (column, _) in enumerate(worlds(case)):
        here = found.get(world, {})
        if column is None:
            continue
        into = {e.target_column for e in edges if e.source_column == column}
        if here.keys() != base.keys() and None not in into:
            missing.add((column, "rows"))
        for row_id in here.keys() & base.keys():
            for c, value in here[row_id].items():
                if value != base[row_id][c]:
                    effects.add((c, column))
                    if c not in into:
                        missing.add((column, c))
    assert missing == set()
    flows = {
        (e.target_column, e.source_column)
        for e in edges
        if e.kind == "direct" and e.target_column in case.exact and e.source_column != "_source"
    }
    assert flows - effects == set(), "direct edges without any effect"
    assert len(flows) >= len(case.exact) - 1
