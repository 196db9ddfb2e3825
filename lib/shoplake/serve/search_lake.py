"""What search reads of a lake: products now, their popularity, clicks by query, and weights."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from shoplake.errors import ShoplakeError
from shoplake.models.search.config import load_search
from shoplake.models.search.encoder import TextEncoder
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables
from shoplake.serve.search import WEIGHTS, ShopSearch
from shoplake.serve.search_clicks import ClickedQueries
from shoplake.serve.search_tuned import encoder_or_base, read_tuned

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Source:
    """Columns and rows that search reads of a table, in SQL that Spark and delta-rs understand.

    `where` of the popularity leaves open as of when. With `per`, columns but the first are
    aggregates by it.
    """

    table: str
    columns: tuple[str, ...]
    where: str = "true"
    per: str | None = None

    def sql(self, also: str = "true") -> str:
        """The query."""
        rows = f"select {', '.join(self.columns)} from {self.table} where {self.where} and {also}"
        return f"{rows} group by {self.per}" if self.per else rows

    def of(self, table: DataFrame) -> DataFrame:
        """The same of a table in Spark."""
        rows = table.where(self.where)
        if self.per is None:
            return rows.selectExpr(*self.columns)
        from pyspark.sql import functions as F

        return rows.groupBy(self.per).agg(*map(F.expr, self.columns[1:]))


PRODUCTS = Source(
    "silver.products",
    (
        *("product_id", "name", "category", "brand", "description", "attributes"),
        "cast(price as double) as price",
    ),
    "is_current and kind = 'product' and name is not null",
)
SINCE = Source("silver.products", ("product_id", "min(valid_from) as first_at"), per="product_id")
POPULARITY = Source("gold.item_features", ("product_id", "people_30d as people", "available"))
SHOWN = Source(
    "silver.events",
    ("query", "product_id", "position", "session_id", "kind", "occurred_at"),
    "query is not null and product_id is not null and position is not null"
    " and kind in ('impression', 'click') and not is_bot",
)


@dataclass(frozen=True)
class Held:
    """Rows of a lake that search is made of; all but the products may be empty.

    Attributes:
        products, since, popularity, shown: of `PRODUCTS`, `SINCE`, `POPULARITY` and `SHOWN`.
    """

    products: pd.DataFrame
    since: pd.DataFrame = field(default_factory=pd.DataFrame)
    popularity: pd.DataFrame = field(default_factory=pd.DataFrame)
    shown: pd.DataFrame = field(default_factory=pd.DataFrame)


def open_lake(settings: Settings, shop: str | None) -> ShopSearch:
    """Search over the lake's products, read without Spark.

    Where the ranker whose vectors it uses cannot be read, it is the base encoder's, with the fixed
    weights: those that were learnt are for the ranker.

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
    since = query(settings, SINCE.sql())
    held = Held(rows, *(pd.DataFrame(found) for found in (since, popularity, shown)))
    tuned = read_tuned(settings)
    encoder = encoder_or_base(settings, tuned.version)
    own = tuned.version is None or encoder is not None
    return shop_search(held, encoder).with_weights(tuned.weights if own else WEIGHTS)


def shop_search(held: Held, encoder: TextEncoder | None = None) -> ShopSearch:
    """Search over products, by the fixed weights.

    Args:
        held: what is known of them.
        encoder: of their meaning; None: the base of `conf/models/search.yml`, which tells in any
            case which words are right as they are.
    """
    rows = held.products.sort_values("product_id", ignore_index=True)
    products = rows[["product_id", "name", "price"]].assign(text=[*map(_text, _dicts(rows))])
    nothing = pd.DataFrame(columns=["product_id", "people", "available"])
    products = products.merge(_or(held.popularity, nothing), on="product_id", how="left")
    never = pd.DataFrame(columns=["product_id", "first_at"])
    products = products.merge(_or(held.since, never), on="product_id", how="left")
    products["people"] = products["people"].astype(float).fillna(0)
    products["available"] = products["available"].map(lambda v: v is not False)
    config = load_search()
    base = TextEncoder.load(config.base, max_tokens=2 * config.max_tokens)
    encoder = base if encoder is None else encoder
    counted = impressions(held.shown, products["product_id"].tolist())
    clicked = ClickedQueries(counted, encoder, len(products)) if len(counted) else None
    return ShopSearch(products, clicked, encoder, base.ordinary_words())


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


def _or(found: pd.DataFrame, otherwise: pd.DataFrame) -> pd.DataFrame:
    return found if len(found) else otherwise


def _dicts(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(row) for row in rows.to_dict("records")]


def _text(row: Mapping[str, Any]) -> str:
    """Everything about a product but its name."""
    said = [row.get(name) for name in ("category", "brand", "description")]
    return ", ".join([text for text in said if isinstance(text, str) and text] + _values(row))


def _values(row: Mapping[str, Any]) -> list[str]:
    """The values of a product's attributes; those that are no text say nothing without a name."""
    try:
        found = json.loads(row.get("attributes") or "{}")
    except ValueError:
        return []
    return [v for v in found.values() if isinstance(v, str)] if isinstance(found, dict) else []
