"""What search reads of a lake: products now, their popularity, clicks by query, and weights."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from shoplake.errors import ShoplakeError
from shoplake.models.search.config import load_search
from shoplake.models.search.encoder import TextEncoder
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables
from shoplake.serve.search import WEIGHTS, ShopSearch
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
    ("query", "product_id", "position", "session_id", "kind", "occurred_at"),
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
    search = shop_search(rows, pd.DataFrame(popularity), pd.DataFrame(shown))
    return search.with_weights(read_weights(settings))


def weights_file(settings: Settings) -> Path:
    """Where a lake keeps the weights that `step rank` learnt from its clicks."""
    return settings.root / "models" / "search_weights.json"


def read_weights(settings: Settings) -> dict[str, float]:
    """The lake's own weights of the parts of a score, or those that are fixed."""
    path = weights_file(settings)
    if not path.is_file():
        return dict(WEIGHTS)
    found = json.loads(path.read_text())["weights"]
    return {name: float(found[name]) for name in WEIGHTS}


def write_weights(settings: Settings, weights: Mapping[str, float], reason: str) -> None:
    """Keep weights, with why they are used."""
    path = weights_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"weights": dict(weights), "reason": reason}, indent=2))
    new.replace(path)


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
    counted = impressions(shown, products["product_id"].tolist())
    clicked = ClickedQueries(counted, encoder, len(products)) if len(counted) else None
    return ShopSearch(products, clicked, encoder)


def impressions(rows: pd.DataFrame, products: Sequence[str]) -> pd.DataFrame:
    """One row each time a product was shown for a query.

    Args:
        rows: of `SHOWN`.
        products: ids in the catalogue's order.

    Returns:
        session_id, query, product (its place), position, clicked (0 or 1), at (when it was shown).
    """
    names = ["session_id", "query", "product", "position"]
    if not len(rows):
        return pd.DataFrame(columns=[*names, "clicked", "at"])
    at = pd.Series(np.arange(len(products)), index=list(products))
    rows = rows.assign(product=rows["product_id"].map(at))
    rows = rows.dropna(subset=["product"]).astype({"product": int, "position": int})
    rows = rows.assign(clicked=(rows["kind"] == "click").astype(float), at=rows["occurred_at"])
    shown = rows.groupby(names, as_index=False, dropna=False)
    return shown.agg(clicked=("clicked", "max"), at=("at", "min"))


def _text(row: pd.Series) -> str:
    """Everything about a product but its name."""
    return ", ".join(part for part in (row["category"], row["brand"], row["description"]) if part)
