"""What search reads of a lake: products now, their popularity, and clicks by query."""

from __future__ import annotations

import numpy as np
import pandas as pd

from shoplake.errors import ShoplakeError
from shoplake.models.search.config import load_search
from shoplake.models.search.encoder import TextEncoder
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables
from shoplake.serve.search import ShopSearch
from shoplake.serve.search_clicks import ClickedQueries

#: Columns and rows that search reads, in SQL that both engines understand.
PRODUCTS = """
    select product_id, name, category, brand, description, cast(price as double) as price
    from silver.products where is_current and kind = 'product' and name is not null
"""
POPULARITY = """
    select product_id, people_30d as people, available from gold.item_features
    where as_of = (select max(as_of) from gold.item_features)
"""
SHOWN = """
    select query, product_id, position, session_id, kind from silver.events
    where query is not null and product_id is not null and position is not null
    and kind in ('impression', 'click') and not is_bot
"""


def open_lake(settings: Settings, shop: str | None) -> ShopSearch:
    """Search over the lake's products, read without Spark.

    Raises:
        ShoplakeError: the lake has no such products yet.
    """
    there = tables(settings)
    rows = pd.DataFrame(query(settings, PRODUCTS))
    if shop is not None and len(rows):
        rows = rows[rows["product_id"].str.startswith(f"{shop}:")]
    if not len(rows):
        raise ShoplakeError(
            f"no products{f' of shop {shop}' if shop else ''}",
            where=f"silver.products in {settings.root}",
            remedy="run `shoplake run` first, or name another --shop",
        )
    popularity = query(settings, POPULARITY) if "gold.item_features" in there else []
    shown = query(settings, SHOWN) if "silver.events" in there else []
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
