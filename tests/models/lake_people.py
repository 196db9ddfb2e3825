"""People of two worlds, 1-4 and 5-8, as a lake serves their histories; and families set to be quick."""

from __future__ import annotations

from typing import Any

import numpy as np

from shoplake.models.recommenders.als import AlsConfig
from shoplake.models.recommenders.config import Family
from shoplake.models.recommenders.content import ContentConfig
from shoplake.models.recommenders.ease import EaseConfig
from shoplake.models.recommenders.gpt_titles import GptTitlesConfig
from shoplake.models.recommenders.item_knn import ItemKnnConfig
from shoplake.models.recommenders.lake_config import LakeFamily
from shoplake.models.recommenders.lake_model import LakeModel
from shoplake.models.recommenders.lake_scorer import FamilyScorer
from shoplake.models.recommenders.ncf import NcfConfig
from shoplake.models.recommenders.near import speaking_for
from shoplake.models.recommenders.parts import Part
from shoplake.models.recommenders.personal import PersonalConfig
from shoplake.models.recommenders.popularity import PopularityConfig
from shoplake.models.recommenders.private import PrivateConfig
from shoplake.models.recommenders.sasrec import SasrecConfig
from shoplake.models.recommenders.seen import Seen
from shoplake.models.recommenders.session_knn import SessionKnnConfig

ITEMS = 8
PRODUCTS = ["", *(f"s:{index}" for index in range(1, ITEMS + 1))]
OF_MODEL = np.arange(-1, ITEMS)
#: By item_index, oldest first.
WORLDS = [[1, 2, 3], [2, 3, 4], [5, 6, 7], [6, 7, 8], [4, 1, 2], [8, 5, 6, 5]] * 20
VECTORS = np.repeat(np.eye(2, dtype=np.float32), 4, axis=0)
CONFIGS: dict[str, Any] = {
    "popularity": PopularityConfig(),
    "personal": PersonalConfig(),
    "item_knn": ItemKnnConfig(window=0),
    "session_knn": SessionKnnConfig(),
    "als": AlsConfig(factors=4, iterations=4),
    "ease": EaseConfig(l2=1.0),
    "content": ContentConfig(),
    "sasrec": SasrecConfig(dimension=8, epochs=1, negatives=8),
    "ncf": NcfConfig(dimension=8, hidden=8, epochs=1, negatives=4),
    "private": PrivateConfig(dimension=4, steps=5, sampled=0.5),
    "gpt_titles": GptTitlesConfig(dimension=16, layers=1, epochs=1, negatives=8),
}


def arrays(rows: list[list[int]], width: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """history, counts and days [P, width]: an item that a row repeats is there once, and counted."""
    found = np.zeros((3, len(rows), width), dtype=np.int64)
    for person, row in enumerate(rows):
        newest = list(dict.fromkeys(reversed(row)))
        for place, item in enumerate(newest):
            found[:, person, place] = item, row.count(item), 10 * place
    return found[0], found[1], found[2]


def seen(rows: list[list[int]]) -> Seen:
    return Seen.of(*arrays(rows), OF_MODEL, ITEMS)


def family(name: str) -> Family:
    return Family(name, CONFIGS[name], {})


def learned(name: str) -> LakeModel:
    part = Part.fitted(family(name), seen(WORLDS), VECTORS)
    said = LakeFamily(name, {name: family(name)}, None, "new", 4)
    category = np.repeat([0, 1], 4)
    return LakeModel(said, PRODUCTS[1:], category, speaking_for(part, ITEMS, 3), {name: part}, None)


def scorer(model: LakeModel, products: list[str] = PRODUCTS) -> FamilyScorer:
    """With the highest item_index the most popular."""
    popular = np.log1p(np.arange(len(products)))
    return model.scorer(products, popular, popular, products)
