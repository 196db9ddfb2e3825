"""The one door to facts: rows of the asking person and of the shop window, nothing else.

Who asks is decided by the caller (a login, a command line), never by what is said. The door is made
before any text is read, holds only what that person may see, and refuses to be made with a row of
somebody else. No text becomes a query: messages only choose among rows that are inside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shoplake.errors import PolicyError
from shoplake.serve.assistant.facts import Citation, Fact, Order, orders_of

Row = Mapping[str, Any]
#: Tables whose every row is somebody's.
PERSONAL = ("silver.orders", "silver.people", "gold.recommendations")
#: Tables of the shop window.
PUBLIC = ("silver.products", "gold.item_features", "gold.stock_plan")
_SHORTAGE = "shortage"


@dataclass(frozen=True)
class Door:
    """What one person may be told.

    Attributes:
        subject: the asking person's key; None for a guest, who sees the shop window only.
        tables: table -> rows.
        versions: table -> Delta version read.

    Raises:
        PolicyError: a row is somebody else's, or of a table that is not for the assistant.
    """

    subject: str | None
    tables: Mapping[str, Sequence[Row]]
    versions: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for table, rows in self.tables.items():
            if table not in (*PERSONAL, *PUBLIC):
                raise PolicyError("the assistant does not read this table", where=table)
            if table in PERSONAL and any(not self._own(row) for row in rows):
                raise PolicyError("a row of somebody else came to the assistant", where=table)
        products = {r["product_id"]: r for r in self._rows("silver.products")}
        object.__setattr__(self, "_products", products)
        names = {key: str(r["name"]) for key, r in products.items() if r["name"]}
        orders = orders_of(self._rows("silver.orders"), names, self.versions.get("silver.orders"))
        object.__setattr__(self, "_orders", orders)

    def _own(self, row: Row) -> bool:
        return self.subject is not None and row.get("person_key") == self.subject

    def _rows(self, table: str) -> Sequence[Row]:
        return self.tables.get(table, ())

    @property
    def products(self) -> Mapping[str, Row]:
        """Products of the window by id."""
        found: Mapping[str, Row] = self._products  # type: ignore[attr-defined]
        return found

    def orders(self) -> list[Order]:
        """The person's orders, newest first."""
        return list(self._orders)  # type: ignore[attr-defined]

    def order(self, number: str) -> Order | None:
        """The person's order with this number or id, whatever the case."""
        asked = number.lower()
        return next(
            (o for o in self.orders() if asked in (o.number.lower(), o.order_id.lower())), None
        )

    def product(self, product_id: str) -> Fact | None:
        """A product: name, price, category, brand, description, as far as they are known."""
        row = self.products.get(product_id)
        if row is None or not row["name"]:
            return None
        values = {
            name: " ".join(str(row[name]).split())
            for name in ("name", "category", "brand", "description")
            if row.get(name)
        }
        if row.get("price") is not None:
            values["price"] = f"{row['price']:.2f} {row.get('currency') or ''}".strip()
        return Fact((self._cite("silver.products", product_id),), values)

    def stock(self, product_id: str) -> Fact | None:
        """Whether a product is in stock, in words: `in stock`, `few left` or `sold out`."""
        row = self.products.get(product_id)
        plan = self._newest("gold.stock_plan", product_id)
        item = self._newest("gold.item_features", product_id)
        left = None if row is None else row.get("stock")
        cited = [self._cite("silver.products", product_id)] if left is not None else []
        if left is not None:
            word = "in stock" if left > 0 else "sold out"
        elif item is not None and item.get("available") is not None:
            word = "in stock" if item["available"] else "sold out"
            cited.append(self._cite("gold.item_features", product_id))
        else:
            return None
        if word == "in stock" and plan is not None and plan.get("alert") == _SHORTAGE:
            word = "few left"
            cited.append(self._cite("gold.stock_plan", product_id))
        return Fact(tuple(cited), {"stock": word})

    def recommendations(self, most: int) -> list[Fact]:
        """The person's newest recommendations by rank."""
        rows = self._rows("gold.recommendations")
        if not rows:
            return []
        newest = max(r["as_of"] for r in rows)
        own = sorted((r for r in rows if r["as_of"] == newest), key=lambda r: int(r["rank"]))
        return [
            Fact(
                (self._cite("gold.recommendations", f"{r['product_id']}/{r['rank']}"),),
                {"name": str(r["product_name"] or r["product_id"]), "product_id": r["product_id"]},
            )
            for r in own[:most]
        ]

    def _cite(self, table: str, key: str) -> Citation:
        return Citation(table, key, self.versions.get(table))

    def _newest(self, table: str, product_id: str) -> Row | None:
        rows = [r for r in self._rows(table) if r["product_id"] == product_id]
        return max(rows, key=lambda r: r["as_of"]) if rows else None
