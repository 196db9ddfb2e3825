"""The door of a lake of folders, opened through the role policies, without Spark."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.errors import PolicyError, ShoplakeError
from shoplake.governance.policies.ask import query_as
from shoplake.governance.policies.load import load_policies
from shoplake.governance.policies.model import Policies
from shoplake.runtime.settings import Settings, conf_dir
from shoplake.runtime.sql import Opened, open_table, table_folder, tables
from shoplake.serve.assistant.door import PUBLIC, Door
from shoplake.serve.search import ShopSearch
from shoplake.serve.search_lake import Held, shop_search

ROLE, GUEST = "assistant", "public"
#: The columns that are read, by table.
COLUMNS = {
    "silver.products": (
        "product_id", "name", "category", "brand", "description", "price", "currency", "stock",
    ),
    "gold.item_features": ("product_id", "as_of", "available", "people_30d"),
    "gold.stock_plan": ("product_id", "as_of", "alert"),
    "silver.orders": (
        "order_line_id", "order_id", "person_key", "product_id", "kind", "line_kind", "quantity",
        "amount", "currency", "cancelled_quantity", "ordered_at",
    ),
    "gold.recommendations": ("person_key", "as_of", "rank", "product_id", "product_name"),
}  # fmt: skip
_ROWS = {
    "silver.products": " WHERE is_current AND kind = 'product'",
    "gold.item_features": " WHERE as_of = (SELECT max(as_of) FROM gold.item_features)",
    "gold.stock_plan": " WHERE as_of = (SELECT max(as_of) FROM gold.stock_plan)",
}
#: All that is ever asked of a lake. No text of a message comes near these.
QUERIES = {
    table: f"SELECT {', '.join(columns)} FROM {table}{_ROWS.get(table, '')}"
    for table, columns in COLUMNS.items()
}
_KEY = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Rows:
    """Rows of tables, and the Delta version of each, read before the rows.

    A commit in between is so seen as news the next time.
    """

    tables: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)


class Reader:
    """Reads a lake of folders under the role `assistant`, or `public` for guests.

    Args:
        settings: of a lake of folders.
        shop: products and orders of this shop alone.
        policies: the roles (default: `conf/policies.yml`).

    Raises:
        ShoplakeError: the tables are in a catalog, where the assistant cannot read as a person.
    """

    def __init__(
        self, settings: Settings, shop: str | None = None, policies: Policies | None = None
    ) -> None:
        if settings.catalog:
            raise ShoplakeError(
                "the assistant reads a lake of folders",
                where=f"catalog {settings.catalog}",
                remedy="give --lake DIR with --env local, or use `step answer`, which has Spark",
            )
        self.settings = settings
        self._shop = shop
        self._book: ContractBook = load_contracts(conf_dir() / "contracts")
        self._policies = policies or load_policies(conf_dir() / "policies.yml", self._book)
        self._opened: Opened | None = None

    def at_once(self) -> Reader:
        """A reader that goes on seeing each table as it is when it first looks at it.

        For a batch: its answers stand on one state of each table, which is opened once.
        """
        other = copy.copy(self)
        other._opened = {}
        return other

    def is_current(self, rows: Rows) -> bool:
        """Whether no table has changed since `rows` were read."""
        return self._versions(rows.tables) == dict(rows.versions)

    def window(self, subject: str | None) -> Rows:
        """What everybody with the asking person's role may see."""
        return self._rows(subject, PUBLIC)

    def own(self, subject: str | None) -> Rows:
        """What is the asking person's; a guest has nothing.

        Raises:
            PolicyError: `subject` is not a person's key.
        """
        if subject is None:
            return Rows()
        return self._rows(subject, tuple(t for t in QUERIES if t not in PUBLIC))

    def _rows(self, subject: str | None, wanted: tuple[str, ...]) -> Rows:
        if subject is not None and not _KEY.fullmatch(subject):
            raise PolicyError(
                "a person is named by key: 32 hex digits",
                remedy="shoplake sql 'select person_key from silver.people limit 5'",
            )
        role = GUEST if subject is None else ROLE
        read = self._policies.roles[role].read
        names = [
            table
            for table in tables(self.settings)
            if table in wanted
            and table in QUERIES
            and (table in read or table.split(".")[0] in read)
        ]
        at = self._versions(names)
        found = {}
        for table in names:
            sql = QUERIES[table]
            rows = query_as(
                self.settings, self._policies, self._book, role, sql, subject, opened=self._opened
            )
            found[table] = [row for row in rows if self._is_of_shop(row)]
        return Rows(found, at)

    def _versions(self, names: Iterable[str]) -> dict[str, int]:
        """The Delta version of each table."""
        if self._opened is not None:
            opened = self._opened
            return {n: open_table(self.settings, n, opened).version() for n in names}
        from deltalake import DeltaTable

        return {
            n: DeltaTable(str(table_folder(self.settings, n)), without_files=True).version()
            for n in names
        }

    def _is_of_shop(self, row: Mapping[str, Any]) -> bool:
        return self._shop is None or str(row["product_id"]).startswith(f"{self._shop}:")


def open_door(
    reader: Reader, subject: str | None, window: Rows | None = None, own: Rows | None = None
) -> Door:
    """What one person may be told.

    Args:
        reader: of the lake.
        subject: the asking person's key; None for a guest.
        window, own: rows of the person's role and of the person, if they were read before.

    Raises:
        PolicyError: `subject` is not a person's key, or a row is somebody else's.
        ShoplakeError: a table cannot be read.
    """
    own = reader.own(subject) if own is None else own
    shown = reader.window(subject) if window is None else window
    return Door(subject, {**shown.tables, **own.tables}, {**shown.versions, **own.versions})


def search_of(window: Rows) -> ShopSearch | None:
    """Search over the products of a window; None when there are none."""
    rows = [r for r in window.tables.get("silver.products", ()) if r["name"]]
    if not rows:
        return None
    items = [
        {"product_id": r["product_id"], "people": r["people_30d"], "available": r["available"]}
        for r in window.tables.get("gold.item_features", ())
    ]
    return shop_search(Held(pd.DataFrame(rows), popularity=pd.DataFrame(items)))
