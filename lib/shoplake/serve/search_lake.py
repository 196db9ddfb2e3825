"""What search reads of a lake: products now, their popularity, and clicks by query."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shoplake.errors import ShoplakeError
from shoplake.models.search.config import load_search
from shoplake.models.search.encoder import TextEncoder
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables
from shoplake.serve.search import ShopSearch
from shoplake.serve.search_clicks import ClickedQueries


@dataclass(frozen=True)
class Source:
    """Columns and rows that search reads of a table, in SQL that Spark and delta-rs understand.

    `where` of the popularity leaves open as of when.
    """

    table: str
    columns: tuple[str, ...]
    where: str = "true"

    def sql(self, also: str = "true") -> str:
        """The query."""
        return f"select {', '.join(self.columns)} from {self.table} where {self.where} and {also}"


PRODUCTS = Source(
    "silver.products",
    (
        *("product_id", "name", "category", "brand", "description"),
        "cast(price as double) as price",
    ),
    "is_current and kind = 'product' and name is not null",
)
POPULARITY = Source("gold.item_features", ("product_id", "people_30d as people", "available"))
SHOWN = Source(
    "silver.events",
    ("query", "product_id", "position", "session_id", "kind"),
    "query is not null and product_id is not null and position is not null"
    " and kind in ('impression', 'click') and not is_bot",
)


def open_lake(settings: Settings, shop: str | None) -> ShopSearch:
    """Search over the lake's products, read without Spark.

    Raises:
        ShoplakeError: the lake has no such products yet.
    """
    there = tables(settings)
    rows = pd.DataFrame(query(settings, PRODUCTS.sql()))
    if shop is not None and len(rows):
        rows = rows[rows["product_id"].str.startswith(f"{shop}:")]
    if not len(rows):
        raise ShoplakeError(
            f"no products{f' of shop {shop}' if shop else ''}",
            where=f"silver.products in {settings.root}",
            remedy="run `shoplake run` first, or name another --shop",
        )
    newest = f"as_of = (select max(as_of) from {POPULARITY.table})"
    popularity = query(settings, POPULARITY.sql(newest)) if POPULARITY.table in there else []
    shown = query(settings, SHOWN.sql()) if SHOWN.table in there else []
    return shop_search(rows, pd.DataFrame(popularity), pd.DataFrame(shown))


def shop_search(rows: pd.DataFrame, popularity: pd.DataFrame, shown: pd.DataFrame) -> ShopSearch:
    """Search from the rows of `PRODUCTS`, `POPULARITY` and `SHOWN`; the latter two may be empty."""
    rows = rows.sort_values("product_id", ignore_index=True)
    products = rows[["product_id", "name", "price"]].assign(text=rows.apply(_text, axis=1))
    nothing = pd.DataFrame(columns=["product_id", "people", "available"])
    known = popularity if len(popularity) else nothing
    products = products.merge(known, on="product_id", how="left")
    products["people"] = products["people"].astype(float).fillna(0)
    products["available"] = products["available"].map(lambda v: v is not False)
    config = load_search()
    encoder = TextEncoder.load(config.base, max_tokens=2 * config.max_tokens)
    return ShopSearch(products, _clicked(shown, products, encoder), encoder)


def _clicked(
    rows: pd.DataFrame, products: pd.DataFrame, encoder: TextEncoder
) -> ClickedQueries | None:
    if not len(rows):
        return None
    at = pd.Series(np.arange(len(products)), index=products["product_id"])
    rows = rows.assign(product=rows["product_id"].map(at))
    rows = rows.dropna(subset=["product"]).astype({"product": int, "position": int})
    shown = (
        rows.assign(clicked=(rows["kind"] == "click").astype(float))
        .groupby(["session_id", "query", "product", "position"], as_index=False, dropna=False)[
            ["clicked"]
        ]
        .max()
    )
    return ClickedQueries(shown, encoder, len(products)) if len(shown) else None


def _text(row: pd.Series) -> str:
    """Everything about a product but its name."""
    return ", ".join(part for part in (row["category"], row["brand"], row["description"]) if part)
