"""The catalogue as arrays by item_index, small enough to travel to every worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.serve.settings import ServeError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Columns of gold.item_features that serving reads.
COLUMNS = ("item_index", "product_id", "name", "category", "available", "people_30d")


@dataclass(frozen=True)
class Catalogue:
    """What serving knows about items; every array is [C], row 0 the padding.

    Attributes:
        product_ids: object array of product ids.
        names: object array of product names.
        categories: object array of category names, None where unknown.
        available: whether the item can be bought now; False at row 0.
        popularity: people who bought the item in the last 30 days.
    """

    product_ids: NDArray[np.object_]
    names: NDArray[np.object_]
    categories: NDArray[np.object_]
    available: NDArray[np.bool_]
    popularity: NDArray[np.int64]

    def allowed(self, *, only_available: bool) -> NDArray[np.bool_]:
        """Which items may be recommended at all [C]."""
        allowed = np.ones(len(self.product_ids), dtype=np.bool_)
        allowed[0] = False
        return allowed & self.available if only_available else allowed


def scorer_inputs(
    items: DataFrame, snapshot: DataFrame
) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Texts, log_popularity, log_recent and product ids [C] by item_index: what a scorer takes.

    Args:
        items: one `as_of` of gold.item_features.
        snapshot: item_index, log_popularity and log_recent at that instant; items it lacks have 0.
    """
    rows = pd.DataFrame(items.select("item_index", "text", "product_id").toPandas())
    size = len(rows) + 1
    texts, products = [""] * size, [""] * size
    columns = (rows[name] for name in ("item_index", "text", "product_id"))
    for index, text, product in zip(*columns, strict=True):
        texts[index], products[index] = text, product
    wanted = ["item_index", "log_popularity", "log_recent"]
    known = pd.DataFrame(snapshot.select(wanted).toPandas())
    priors = np.zeros((2, size))
    priors[:, known["item_index"]] = known[["log_popularity", "log_recent"]].to_numpy().T
    return texts, priors[0], priors[1], products


def load_catalogue(items: DataFrame) -> Catalogue:
    """The catalogue of one `as_of` of gold.item_features.

    Raises:
        ServeError: item_index is not exactly 1..N, once each.
    """
    rows = pd.DataFrame(items.select(*COLUMNS).toPandas()).sort_values("item_index")
    size = len(rows) + 1
    if not np.array_equal(rows["item_index"].to_numpy(), np.arange(1, size)):
        raise ServeError(
            f"item_index is not 1 to {size - 1:,}, once each",
            where="gold.item_features",
            remedy="pass the rows of one as_of; if they are, run `shoplake step features` again",
        )

    def column(name: str, padding: object) -> NDArray[np.object_]:
        values = np.empty(size, dtype=object)
        values[0], values[1:] = padding, rows[name].to_numpy(dtype=object)
        return values

    return Catalogue(
        product_ids=column("product_id", ""),
        names=column("name", ""),
        categories=column("category", None),
        available=column("available", False).astype(np.bool_),
        popularity=column("people_30d", 0).astype(np.int64),
    )
