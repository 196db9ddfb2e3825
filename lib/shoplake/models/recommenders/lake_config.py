"""Which model of a lake a settings file asks for: a family alone, or the ranker over several."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from shoplake.models.recommenders.config import FAMILIES, Family, load_family
from shoplake.models.recommenders.next_purchases import NextPurchasesConfig, load_next_purchases

RANKER = "next_purchases"
#: What the ranker takes candidates and features from, in this order.
_PARTS = ("recent_popularity", "personal", "item_knn", "als", "ease", "content")
#: EASE holds a weight for each pair of its items, and every process that serves gets a copy.
_MOST_PAIRED = 4000


@dataclass(frozen=True)
class LakeFamily:
    """A model of a lake with all its settings.

    Attributes:
        name: a family's, or `next_purchases`.
        parts: families by name; one of a family alone.
        ranker: settings of the ranker over the parts; None of a family alone.
        decides_on: the task that the model is promoted by, "new" or "all".
        history_length: H, the newest items of a person that it learns from and is served with.
    """

    name: str
    parts: dict[str, Family]
    ranker: NextPurchasesConfig | None
    decides_on: str
    history_length: int


def is_lake_family(model: str) -> bool:
    """Whether a name, or the file's name without .yml, is a family's or the ranker's."""
    return Path(model).stem in {*FAMILIES, RANKER}


def load_lake_family(model: str, history_length: int) -> LakeFamily:
    """Settings from conf/models/<model>.yml, or from a file with that name elsewhere.

    The shipped item_knn.yml and ease.yml are for sequences; in a lake item-kNN counts pairs of a
    history whatever their order (`window: 0`), and EASE has at most 4,000 items (`items`). A file
    of one's own is taken as it is.

    Raises:
        SettingsError: a key is unknown or of a wrong type.
    """
    name = Path(model).stem
    file = model if model != name else None
    if name != RANKER:
        family = load_family(name, file)
        family = family if file else _of_lake(family)
        return LakeFamily(name, {name: family}, None, family.decides_on, history_length)
    ranker = load_next_purchases(file or name)
    popular = load_family("popularity").replaced(recent=True)
    parts = {
        part: popular if part == "recent_popularity" else _of_lake(load_family(part))
        for part in _PARTS
    }
    return LakeFamily(name, parts, ranker, ranker.decides_on, history_length)


def _of_lake(family: Family) -> Family:
    if family.name == "item_knn":
        return family.replaced(window=0)
    if family.name == "ease":
        return family.replaced(items=min(family.config.items, _MOST_PAIRED))
    return family
