"""A lake of a few people under the shipped contracts, and roles that try every kind of mask."""

from __future__ import annotations

import dataclasses
import functools
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.contracts.model import Contract
from shoplake.governance.policies.load import load_policies
from shoplake.governance.policies.model import Policies
from shoplake.governance.quarantine import quarantine_contract
from shoplake.runtime.settings import Settings, conf_dir, load

KEY = "k" * 40

POLICIES = """
persons: [person_key, person_id]
records: [row_id, _row_id, order_id, order_line_id]
roles:
  admin:
    description: sees all
    groups: [admins]
    read: [bronze, silver, gold]
    quarantine: true
    classes: {public: show, internal: show, pseudonym: show, personal: show}
  engineer:
    description: keyed hashes
    groups: [engineers]
    read: [bronze, silver, gold]
    quarantine: true
    classes: {public: show, internal: show, pseudonym: show, personal: hash}
  blurred:
    description: every other mask
    groups: [blurred]
    read: [bronze.people, silver.people, silver.orders, silver.products]
    quarantine: true
    classes: {public: show, internal: show, pseudonym: hash, personal: null}
    columns:
      bronze.people.email: {partial: {first: 1, last: 3}}
      bronze.people.name: {partial: {last: 1}}
      silver.people.birth_decade: {generalise: {step: 20}}
      silver.people.signed_up_on: {generalise: {to: year}}
      silver.people.platforms: null
      silver.orders.ordered_at: {generalise: {to: month}}
      silver.orders.amount: {generalise: {step: 10}}
      silver.orders.quantity: {generalise: {step: 5}}
  marketing:
    description: people who agreed
    groups: [marketing]
    read: [silver.people, silver.orders]
    quarantine: true
    classes: {public: show, internal: show, pseudonym: show}
    rows:
      silver.people: consent
      silver.orders: person_key IN (SELECT person_key FROM silver.people WHERE consent)
  analyst:
    description: groups of three
    groups: [analysts]
    read: [silver, gold]
    quarantine: true
    classes: {public: show, internal: show, pseudonym: hash, personal: null}
    smallest_group: 3
  assistant:
    description: one person
    subject: true
    read: [silver.people, silver.orders, silver.products]
    classes: {public: show, internal: show, pseudonym: show, personal: show}
    rows:
      silver.people: person_key = :subject
      silver.orders: person_key = :subject
  public:
    description: the window
    groups: [everybody]
    read: [silver.products]
    classes: {public: show}
"""

#: (key, name, e-mail, country, birth decade, consent); the last one is alone in Iceland.
PEOPLE = [
    ("p1", "Ann Ash", "ann@a.example", "France", 1980, True),
    ("p2", "Bob Bell", "bob@b.example", "France", 1990, True),
    ("p3", "Cai Cole", "cai@c.example", "France", -1990, False),
    ("p4", "Dee Dunn", "dee@d.example", "Spain", 1970, True),
    ("p5", "Eli East", "", "Spain", None, None),
    ("p6", "王秀英", "é王", "Iceland", 1960, False),
]
#: (person, product, quantity, amount, day of March 2024)
ORDERS = [
    ("p1", "lamp", 1, "12.5000", 3),
    ("p1", "vase", 7, "99.0000", 4),
    ("p2", "lamp", 2, "25.0000", 5),
    ("p3", "lamp", 3, "37.5000", 6),
    ("p4", "vase", 1, "14.0000", 7),
    ("p5", "lamp", 12, "150.0000", 8),
    ("p6", "safe", 1, "4711.0000", 9),
    (None, "lamp", 1, "12.5000", 10),
]


@functools.cache
def book() -> ContractBook:
    return load_contracts(conf_dir() / "contracts")


@functools.cache
def policies(folder: Path) -> Policies:
    path = folder / "policies.yml"
    path.write_text(POLICIES)
    return load_policies(path, book())


def make_lake(folder: Path) -> Settings:
    """The tables, written without Spark."""
    settings = dataclasses.replace(load("local"), lake=str(folder / "lake"))
    known = book()
    write(settings, known["bronze.people"], [_bronze(*p) for p in PEOPLE])
    write(settings, known["silver.people"], [_person(*p) for p in PEOPLE])
    write(settings, known["silver.orders"], [_order(i, *o) for i, o in enumerate(ORDERS)])
    write(settings, known["silver.products"], [_product(n) for n in ("lamp", "vase", "safe")])
    held = {"row_id": "r9", "batch_id": "b", "reasons": [], "record": '{"person_key":"p6"}'}
    write(settings, quarantine_contract(known["silver.orders"]), [held])
    return settings


def write(settings: Settings, contract: Contract, rows: list[dict[str, Any]]) -> None:
    schema = pa.schema([pa.field(c.name, _arrow(c.type)) for c in contract.columns])
    layer, name = contract.table.split(".")
    table = pa.Table.from_pylist(rows, schema=schema)
    write_deltalake(str(settings.root / layer / name), table)


def _arrow(kind: str) -> pa.DataType:
    if kind.startswith("decimal"):
        return pa.decimal128(*map(int, kind[8:-1].split(",")))
    if kind.startswith("array<struct"):
        text = pa.string()
        return pa.list_(pa.struct([("rule", text), ("column", text), ("value", text)]))
    if kind.startswith("array<"):
        return pa.list_(_arrow(kind[6:-1]))
    names = {
        "string": pa.string(),
        "boolean": pa.bool_(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", "UTC"),
    }
    return names[kind]


def _bronze(
    key: str, name: str, email: str, country: str, decade: int | None, _: bool | None
) -> dict[str, Any]:
    year = None if decade is None else str(decade)
    return {
        **{"person_id": f"shop-{key}", "name": name, "email": email, "country": country},
        **{"birth_year": year, "_row_id": f"b-{key[1:]}", "_raw": f"{name} {email}"},
    }


def _person(
    key: str, name: str, email: str, country: str, decade: int | None, consent: bool | None
) -> dict[str, Any]:
    return {
        **{"person_key": key, "country": country, "birth_decade": decade, "consent": consent},
        **{
            "platforms": ["web"],
            "signed_up_on": date(2024, 5, 17),
            "row_id": f"b-{key[1:]}",
            "shop": "s",
        },
    }


def _order(
    n: int, person: str | None, product: str, quantity: int, amount: str, day: int
) -> dict[str, Any]:
    country = next((p[3] for p in PEOPLE if p[0] == person), "France")
    return {
        **{"order_line_id": f"l{n}", "order_id": f"o{n}", "person_key": person},
        **{"product_id": product, "quantity": quantity, "amount": Decimal(amount)},
        **{"country": country, "row_id": f"r{n}", "unit_price": Decimal("1.0000")},
        "ordered_at": datetime(2024, 3, day, 12, tzinfo=UTC),
        "order_date": date(2024, 3, day),
    }


def _product(name: str) -> dict[str, Any]:
    since = datetime(2024, 1, 1, tzinfo=UTC)
    return {
        **{"product_id": name, "name": name.title(), "is_current": True, "valid_from": since},
        **{"stock": 5, "shop": "s", "price": Decimal("12.5000"), "row_id": name},
    }
