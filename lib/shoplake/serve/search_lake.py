"""What search reads of a lake, without Spark: products now, their popularity, clicks by query."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from shoplake.errors import ShoplakeError
from shoplake.models.search.config import load_search
from shoplake.models.search.encoder import TextEncoder
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables
from shoplake.serve.search import ShopSearch
from shoplake.serve.search_clicks import ClickedQueries

_PRODUCTS = """
    select product_id, name, category, brand, description, attributes,
        cast(price as double) as price
    from silver.products where is_current and kind = 'product' and name is not null
"""
_POPULARITY = """
    select product_id, people_30d as people, available from gold.item_features
    where as_of = (select max(as_of) from gold.item_features)
"""
_SHOWN = """
    select query, product_id, position, session_id, kind from silver.events
    where query is not null and product_id is not null and position is not null
    and kind in ('impression', 'click') and not is_bot
"""


def open_lake(settings: Settings, shop: str | None) -> ShopSearch:
    """Search over the lake's products.

    Raises:
        ShoplakeError: the lake has no such products yet.
    """
    rows = pd.DataFrame(query(settings, _PRODUCTS))
    if shop is not None and len(rows):
        rows = rows[rows["product_id"].str.startswith(f"{shop}:")]
    if not len(rows):
        raise ShoplakeError(
            f"no products{f' of shop {shop}' if shop else ''}",
            where=f"silver.products in {settings.root}",
            remedy="run `shoplake run` first, or name another --shop",
        )
    rows = rows.sort_values("product_id", ignore_index=True)
    products = rows[["product_id", "name", "price"]].assign(text=rows.apply(_text, axis=1))
    there = tables(settings)
    known = pd.DataFrame(columns=["product_id", "people", "available"])
    if "gold.item_features" in there:
        known = pd.DataFrame(query(settings, _POPULARITY), columns=known.columns)
    products = products.merge(known, on="product_id", how="left")
    products["people"] = products["people"].astype(float).fillna(0)
    products["available"] = products["available"].map(lambda v: v is not False)
    config = load_search()
    encoder = TextEncoder.load(config.base, max_tokens=2 * config.max_tokens)
    return ShopSearch(products, _clicked(settings, products, encoder, there), encoder)


def _clicked(
    settings: Settings, products: pd.DataFrame, encoder: TextEncoder, there: list[str]
) -> ClickedQueries | None:
    if "silver.events" not in there:
        return None
    rows = pd.DataFrame(query(settings, _SHOWN))
    if not len(rows):
        return None
    at = pd.Series(np.arange(len(products)), index=products["product_id"])
    rows["product"] = rows["product_id"].map(at)
    rows = rows.dropna(subset=["product"]).astype({"product": int, "position": int})
    shown = rows.groupby(
        ["session_id", "query", "product", "position"], as_index=False, dropna=False
    ).agg(clicked=("kind", lambda kinds: float((kinds == "click").any())))
    return ClickedQueries(shown, encoder, len(products)) if len(shown) else None


def _text(row: pd.Series) -> str:
    """Everything about a product but its name."""
    attributes = row["attributes"]
    if isinstance(attributes, str):
        attributes = json.loads(attributes or "{}")
    named = [str(v) for v in (attributes or {}).values() if isinstance(v, str)]
    parts = [row["category"], row["brand"], row["description"], *named]
    return ", ".join(str(part) for part in parts if part)
