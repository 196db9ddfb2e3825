"""Products are told apart: the same, another colour, instead of it, with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from shoplake.models.neighbours.alike import candidates, incidence, jaccard, words
from shoplake.models.neighbours.kinds import neighbours
from shoplake.models.neighbours.settings import load_neighbours

COUNTS = ["together", "product_id", "neighbour_id", "n", "own", "theirs", "baskets"]
SHOP = {
    "s:A": ("Red Mug", "mugs"),
    "s:B": ("Blue Mug", "mugs"),
    "s:C": ("red mug", "mugs"),
    "s:D": ("Clay Tea Pot", "pots"),
    "s:E": ("Clay Tea Jug", "pots"),
    "s:F": ("Rug", "floor"),
}


def both(together: str, a: str, b: str, n: int, own: int = 10) -> list[tuple[Any, ...]]:
    return [(together, x, y, n, own, own, 100) for x, y in ((a, b), (b, a))]


def found(*pairs: tuple[Any, ...], unavailable: str = "") -> dict[tuple[str, str], str]:
    """(product, neighbour) -> kind; texts alike as far as they share words."""
    products = pd.DataFrame(
        [(k, n, c, None, None, k != unavailable) for k, (n, c) in SHOP.items()],
        columns=["product_id", "name", "category", "brand", "attributes", "available"],
    )
    held = incidence([words(name) for name, _ in SHOP.values()]).toarray()
    vectors = (held / np.linalg.norm(held, axis=1, keepdims=True)).astype(np.float32)
    rows = neighbours(products, pd.DataFrame(list(pairs), columns=COUNTS), vectors,
                      load_neighbours())  # fmt: skip
    assert (rows.groupby(["product_id", "neighbour_id"]).size() == 1).all()
    return {(r.product_id, r.neighbour_id): r.kind for r in rows.itertuples()}


def test_same_words_are_near_duplicates_and_another_colour_is_a_variant() -> None:
    kinds = found()
    assert kinds["s:A", "s:C"] == "near_duplicate"
    assert kinds["s:A", "s:B"] == "variant"


def test_alike_products_of_a_category_are_substitutes() -> None:
    assert found()["s:D", "s:E"] == "substitute"


def test_what_is_bought_together_beyond_chance_is_a_complement() -> None:
    kinds = found(*both("purchase", "s:A", "s:D", 5))
    assert kinds["s:A", "s:D"] == kinds["s:D", "s:A"] == "complement"


@pytest.mark.parametrize(("n", "own"), [(2, 10), (5, 60)])
def test_few_baskets_or_no_lift_make_no_complement(n: int, own: int) -> None:
    assert ("s:A", "s:F") not in found(*both("purchase", "s:A", "s:F", n, own))


def test_viewed_more_than_bought_together_is_a_substitute() -> None:
    pairs = [*both("purchase", "s:D", "s:E", 4, 12), *both("view", "s:D", "s:E", 9)]
    assert found(*pairs)["s:D", "s:E"] == "substitute"


def test_nobody_is_sent_to_what_cannot_be_bought() -> None:
    assert ("s:D", "s:E") not in found(unavailable="s:E")


def test_a_shop_of_one_product_has_no_neighbours() -> None:
    lone = pd.DataFrame(
        [("s:A", "Mug", None, None, None, True)],
        columns=["product_id", "name", "category", "brand", "attributes", "available"],
    )
    nothing = pd.DataFrame(columns=COUNTS)
    assert neighbours(lone, nothing, np.ones((1, 1), np.float32), load_neighbours()).empty


def test_blocks_find_the_same_candidates_as_the_whole() -> None:
    random = np.random.default_rng(0)
    vectors = random.normal(size=(40, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    held = incidence([frozenset(map(str, random.integers(0, 30, 5))) for _ in range(40)])
    whole, parts = (
        {tuple(p) for block in candidates(vectors, held, 6, size) for p in block.tolist()}
        for size in (40, 7)
    )
    assert whole == parts
    a, b = np.meshgrid(np.arange(40), np.arange(40), indexing="ij")
    score = vectors @ vectors.T + jaccard(held, a.ravel(), b.ravel()).reshape(40, 40)
    np.fill_diagonal(score, -np.inf)
    oracle = {(i, int(j)) for i in range(40) for j in np.argsort(-score[i])[:6]}
    assert whole == oracle
