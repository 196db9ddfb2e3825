"""What the shop shows: shelves ordered by appeal, and results of queries with typos, synonyms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shoplake.ingest.shop.catalogue import Catalogue
from shoplake.ingest.shop.vocabulary import CATEGORIES, COLOURS, MATERIALS, STYLES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SLATE = 5
"""Items on one screen."""


def choose(rng: np.random.Generator, utilities: Floats, allowed: NDArray[np.bool_]) -> int:
    """One allowed item by multinomial logit: the largest utility plus Gumbel noise."""
    return int(np.argmax(np.where(allowed, utilities + rng.gumbel(size=len(utilities)), -np.inf)))


def shelf(rng: np.random.Generator, scores: Floats, allowed: NDArray[np.bool_]) -> Ints:
    """A screen of allowed items drawn without replacement, more often the higher their score."""
    noisy = np.where(allowed, scores + rng.gumbel(size=len(scores)), -np.inf)
    best = np.argpartition(-noisy, min(SLATE, len(noisy) - 1))[:SLATE]
    best = best[np.argsort(-noisy[best], kind="stable")]
    return best[np.isfinite(noisy[best])]


def write_query(rng: np.random.Generator, catalogue: Catalogue, item: int) -> str:
    """What a person types who has `item` in mind: some attribute, the noun or a synonym, a typo."""
    noun = CATEGORIES[catalogue.category[item]].nouns[catalogue.noun[item]]
    word = noun.word
    if noun.synonyms and rng.random() < 0.25:
        word = str(rng.choice(noun.synonyms))
    attribute = (
        COLOURS[catalogue.colour[item]],
        STYLES[catalogue.style[item]],
        MATERIALS[catalogue.material[item]],
        "",
    )[rng.integers(4)]
    query = f"{attribute} {word}".strip()
    if rng.random() < 0.12:
        at = int(rng.integers(1, len(query) - 1))
        swapped = query[: at - 1] + query[at] + query[at - 1] + query[at + 1 :]
        query = (query[:at] + query[at + 1 :], swapped)[rng.integers(2)]
    return query


def search(
    rng: np.random.Generator, catalogue: Catalogue, scores: Floats,
    allowed: NDArray[np.bool_], item: int,
) -> tuple[Ints, int]:  # fmt: skip
    """The screen of results for a query about `item`, and how many items match it at all."""
    department = catalogue.category == catalogue.category[item]
    same = department & (catalogue.noun == catalogue.noun[item])
    alike = (
        1.0 * (catalogue.colour == catalogue.colour[item])
        + 1.0 * (catalogue.style == catalogue.style[item])
        + 1.0 * (catalogue.material == catalogue.material[item])
    )
    found = allowed & (same | (department & (alike >= 1)))
    return shelf(rng, 2.0 * same + 1.5 * alike + 0.5 * scores, found), int(found.sum())
