"""What an answer may be made of: rows that were let through, with where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Citation:
    """Where a fact stands: table (or file), key of the row, and the table's Delta version."""

    table: str
    key: str
    version: int | None = None

    def __str__(self) -> str:
        return f"{self.table}[{self.key}]" + (
            f"@v{self.version}" if self.version is not None else ""
        )


@dataclass(frozen=True)
class Fact:
    """Values in words, each taken from the rows cited.

    Attributes:
        citations: the rows.
        values: name -> the value as an answer prints it.
    """

    citations: tuple[Citation, ...]
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """An order of the asking person: `silver.orders` lines with one `order_id`.

    Attributes:
        order_id: with the shop's name.
        ordered_at: of its first line.
        fact: number, date, total, units, status (`placed`, `partly cancelled`, `cancelled`).
        items: product id, name if known, and units of each line that is a product.
    """

    order_id: str
    ordered_at: datetime
    fact: Fact
    items: tuple[tuple[str, str, str], ...]

    @property
    def number(self) -> str:
        """The order's number without its shop."""
        return self.order_id.partition(":")[2]


def orders_of(
    rows: Sequence[Mapping[str, Any]], names: Mapping[str, str], version: int | None
) -> list[Order]:
    """Orders, newest first, from rows of `silver.orders`.

    Args:
        rows: lines, all of one person.
        names: product id -> name.
        version: the table's.
    """
    lines: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["kind"] == "sale":
            lines.setdefault(row["order_id"], []).append(row)
    found = [_order(key, own, names, version) for key, own in lines.items()]
    return sorted(found, key=lambda o: (o.ordered_at, o.order_id), reverse=True)


def _order(
    key: str, rows: list[Mapping[str, Any]], names: Mapping[str, str], version: int | None
) -> Order:
    goods = [r for r in rows if r["line_kind"] == "product"] or rows
    units = sum(int(r["quantity"]) for r in goods)
    back = sum(int(r["cancelled_quantity"] or 0) for r in goods)
    total = sum((Decimal(r["amount"]) for r in rows), Decimal(0))
    at = min(r["ordered_at"] for r in rows)
    status = "placed" if not back else "cancelled" if back >= units else "partly cancelled"
    values = {
        "number": key.partition(":")[2],
        "date": f"{at:%Y-%m-%d}",
        "total": f"{total:.2f} {rows[0]['currency']}",
        "units": str(units),
        "cancelled": str(back),
        "status": status,
    }
    items = tuple(
        (r["product_id"], names.get(r["product_id"], r["product_id"]), str(int(r["quantity"])))
        for r in sorted(goods, key=lambda r: str(r["order_line_id"]))
    )
    for i, (_, name, many) in enumerate(items):
        values |= {f"item{i}": name, f"item{i}_units": many}
    return Order(key, at, Fact((Citation("silver.orders", key, version),), values), items)
