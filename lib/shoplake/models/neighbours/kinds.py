"""Which products stand for, go with, or are the same as which, and how strongly.

Substitutes are viewed together, complements are bought together (McAuley, Pandey & Leskovec,
"Inferring networks of substitutable and complementary products", KDD 2015); where only purchases
are reported, likeness of text tells them apart. A pair of products is of one kind.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.models.neighbours.alike import (
    Floats,
    attributes,
    candidates,
    incidence,
    jaccard,
    option_words,
    words,
)
from shoplake.models.neighbours.settings import KINDS, NeighbourConfig

COLUMNS = (
    *("product_id", "kind", "rank", "neighbour_id", "score", "cosine", "distance", "jaccard"),
    *("viewed_together", "view_lift", "bought_together", "buy_lift"),
)
_COUNTS = ("n", "own", "theirs", "baskets")


def neighbours(
    products: pd.DataFrame, pairs: pd.DataFrame, vectors: Floats, config: NeighbourConfig
) -> pd.DataFrame:
    """The neighbours of every product.

    Args:
        products: product_id, name, category, brand, attributes (JSON) and available; one row a
            product.
        pairs: together, product_id, neighbour_id, n, own, theirs, baskets, as
            `features.neighbours.pair_counts` counts them.
        vectors: [C, d] unit vectors of the products' texts.
        config: settings.

    Returns:
        product_id, kind, rank (from 1), neighbour_id, score, cosine, distance (Euclidean, of the
        unit vectors), jaccard, viewed_together, view_lift, bought_together, buy_lift (lifts null
        where nothing is known), by product, kind and rank. Products that cannot be bought now are
        nobody's neighbours, except as near duplicates and variants.
    """
    products = products.reset_index(drop=True).rename(columns={"name": "name_"})
    place = pd.Series(np.arange(len(products)), index=products["product_id"])
    names = products["name_"].map(words)
    held = incidence([attributes(row) for row in products.itertuples()])
    alike = np.concatenate(
        [np.empty((0, 2), np.int64), *candidates(vectors, held, config.candidates)]
    )
    table = pd.DataFrame({"a": alike[:, 0], "b": alike[:, 1]})
    for kind in ("view", "purchase"):
        counted = pairs[pairs["together"] == kind]
        found = counted[list(_COUNTS)].astype(float)
        found["a"], found["b"] = (
            counted[name].map(place) for name in ("product_id", "neighbour_id")
        )
        found = found.dropna(subset=["a", "b"]).astype({"a": np.int64, "b": np.int64})
        renamed = found.rename(columns={name: f"{kind}_{name}" for name in _COUNTS})
        table = table.merge(renamed, on=["a", "b"], how="outer")
    a, b = table["a"].to_numpy(np.int64), table["b"].to_numpy(np.int64)
    table["cosine"] = np.clip(np.einsum("ij,ij->i", vectors[a], vectors[b]), -1, 1)
    table["distance"] = np.sqrt(np.maximum(2 - 2 * table["cosine"], 0))
    table["jaccard"] = jaccard(held, a, b)
    for kind in ("view", "purchase"):
        n = table[f"{kind}_n"]
        chance = table[f"{kind}_own"] * table[f"{kind}_theirs"] / table[f"{kind}_baskets"]
        table[f"{kind}_lift"] = n / chance.where(chance > 0)
        pooled = np.sqrt(table[f"{kind}_own"] * table[f"{kind}_theirs"]) + config.shrink
        table[f"{kind}_share"] = (n / pooled).fillna(0)
    same_name = jaccard(incidence(list(names)), a, b)
    stem = option_words(names, frozenset(config.options)).to_numpy()
    equal = np.fromiter((s == t and len(s) > 0 for s, t in zip(stem[a], stem[b], strict=True)),
                        np.bool_, len(a))  # fmt: skip
    table["kind"] = _kind(table, same_name, equal, products, config)
    table["score"] = _score(table, same_name, config)
    available = products["available"].to_numpy(np.bool_)[b]
    same = table["kind"].isin(["near_duplicate", "variant"])
    return _ranked(table[(table["kind"] != "") & (same | available)], products, config)


def _kind(
    table: pd.DataFrame,
    same_name: Floats,
    equal_stem: NDArray[np.bool_],
    products: pd.DataFrame,
    config: NeighbourConfig,
) -> NDArray[np.object_]:
    category = products["category"].fillna("").to_numpy(dtype=object)
    brand = products["brand"].fillna("").to_numpy(dtype=object)
    a, b = table["a"].to_numpy(), table["b"].to_numpy()
    same_category = (category[a] == category[b]).astype(bool)
    bought = (
        (table["purchase_n"] >= config.least_together)
        & (table["purchase_lift"] >= config.least_lift)
    ).to_numpy()
    viewed = ((table["view_n"] >= config.least_together) & (table["view_lift"] > 1)).to_numpy()
    further = (table["purchase_lift"].fillna(0) > table["view_lift"].fillna(0)).to_numpy()
    close = same_category & (table["cosine"].to_numpy() >= config.alike)
    alternative = same_category & (table["cosine"].to_numpy() >= config.interchangeable)
    complement = bought & np.where(viewed, further, ~alternative)
    return np.select(
        [
            (same_name >= config.duplicate) & (brand[a] == brand[b]) & same_category,
            equal_stem & same_category,
            complement,
            (viewed | close) & same_category,
        ],
        list(KINDS),
        default="",
    ).astype(object)


def _score(table: pd.DataFrame, same_name: Floats, config: NeighbourConfig) -> NDArray[np.float64]:
    weights = config.weights
    alike = weights["cosine"] * table["cosine"] + weights["jaccard"] * table["jaccard"]
    found = np.select(
        [table["kind"] == "near_duplicate", table["kind"] == "variant",
         table["kind"] == "complement"],
        [same_name, table["jaccard"], table["purchase_share"]],
        default=alike + weights["viewed"] * table["view_share"],
    )  # fmt: skip
    # Six decimals: the last bits of a matrix product depend on the machine.
    return np.asarray(np.round(found, 6), dtype=np.float64)


def _ranked(table: pd.DataFrame, products: pd.DataFrame, config: NeighbourConfig) -> pd.DataFrame:
    ids = products["product_id"].to_numpy(dtype=object)
    table = table.assign(product_id=ids[table["a"]], neighbour_id=ids[table["b"]])
    table = table.sort_values(
        ["product_id", "kind", "score", "neighbour_id"], ascending=[True, True, False, True]
    )
    table["rank"] = table.groupby(["product_id", "kind"]).cumcount() + 1
    table = table[table["rank"] <= config.neighbours]
    for kind, name in (("view", "viewed_together"), ("purchase", "bought_together")):
        table[name] = table[f"{kind}_n"].fillna(0).astype(np.int64)
    lifts = {"view_lift": "view_lift", "purchase_lift": "buy_lift"}
    return table.rename(columns=lifts)[list(COLUMNS)].reset_index(drop=True)
