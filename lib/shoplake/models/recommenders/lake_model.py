"""A recommender of a lake on disk: settings and items in `config.json`, what it learned beside it.

`arrays.npz` holds the state of each part, `every.txt` and `fresh.txt` the ranker's trees as
LightGBM writes them. No class is pickled. Of people it holds nothing but what counts and weights
say, except a session-kNN, which keeps histories without their owners.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shoplake.errors import ModelError
from shoplake.models.recommenders.config import FAMILIES, Family
from shoplake.models.recommenders.interactions import Ints
from shoplake.models.recommenders.lake_config import LakeFamily
from shoplake.models.recommenders.lake_ranker import LakeRanker
from shoplake.models.recommenders.lake_scorer import FamilyScorer
from shoplake.models.recommenders.next_purchases import NextPurchasesConfig
from shoplake.models.recommenders.parts import Arrays, Part
from shoplake.models.recommenders.private import Private
from shoplake.models.recommenders.seen_features import ItemFacts
from shoplake.models.recommenders.trees import Trees
from shoplake.runtime.typed import from_dict

_TREES = ("every", "fresh")
_MOST_BYTES = 512 * 2**20


@dataclass(frozen=True)
class LakeModel:
    """What was learned in a lake.

    Attributes:
        family: the settings.
        product_ids: of the model's M items, in the order of item_index when it learned.
        category: [M] of each item, by index from 0.
        near: [M, n] of `near.speaking_for`.
        parts: by name.
        ranker: the ranker over the parts; None of a family alone.
    """

    family: LakeFamily
    product_ids: list[str]
    category: Ints
    near: Ints
    parts: dict[str, Part]
    ranker: LakeRanker | None

    def spent(self) -> dict[str, str]:
        """Tags of a version that was trained with differential privacy; none of others."""
        private = (p.model for p in self.parts.values() if isinstance(p.model, Private))
        return next((model.spent() for model in private), {})

    def scorer(
        self,
        texts: Sequence[str],
        log_popularity: NDArray[np.floating],
        log_recent: NDArray[np.floating],
        product_ids: Sequence[str],
    ) -> FamilyScorer:
        """A scorer of a catalogue, by item_index: row 0 of all is the padding.

        Args:
            texts: item texts; what is in them the model has read when it learned.
            log_popularity, log_recent: [C] log1p of the people of the last 30 and 7 days at the
                instant to score for.
            product_ids: [C].
        """
        place = {product: at for at, product in enumerate(self.product_ids)}
        columns = np.array([-1, *(place.get(product, -1) for product in product_ids[1:])])
        known = np.flatnonzero(columns >= 0)
        size = len(self.product_ids)
        facts = np.zeros((2, size), dtype=np.float32)
        facts[:, columns[known]] = np.stack([log_popularity, log_recent])[:, known]
        index = np.zeros(size + 1, dtype=np.int64)  # of a model's item; -1, none, has its last
        index[columns[known]] = known
        near = np.zeros((len(columns), self.near.shape[1]), dtype=np.int64)
        near[known] = index[self.near[columns[known]]]
        items = ItemFacts(facts[0], facts[1], self.category)
        return FamilyScorer(self.parts, self.ranker, items, columns, near)


def save_lake_model(folder: Path, model: LakeModel) -> Path:
    """Write the model in one rename; replaces an older one.

    Raises:
        ModelError: it is too large for every serving process to hold a copy.
    """
    arrays: Arrays = {"/category": model.category, "/near": model.near}
    held = {}
    for name, part in model.parts.items():
        found, held[name] = part.taken_apart()
        arrays |= {f"{name}/{key}": array for key, array in found.items()}
    size = sum(array.nbytes for array in arrays.values())
    if size > _MOST_BYTES:
        raise ModelError(
            f"the model is {size / 2**20:,.0f} MB, and every process that serves holds a copy",
            where=model.family.name,
            remedy="ease, item_knn: fewer `items`, a smaller `window`; or take als or two_tower",
        )
    made = folder.with_suffix(".tmp")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    said = {
        "family": model.family.name,
        "settings": dataclasses.asdict(model.family),
        "held": held,
        "product_ids": model.product_ids,
    }
    (made / "config.json").write_text(json.dumps(said))
    np.savez(made / "arrays.npz", **arrays)
    if model.ranker is not None:
        for name in _TREES:
            (made / f"{name}.txt").write_text(getattr(model.ranker, name).text)
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(made, folder)
    return folder


def load_lake_model(folder: Path) -> LakeModel:
    """The model that `save_lake_model` wrote.

    Raises:
        ModelError: the folder holds no such model.
        SettingsError: its settings are of another version of the code.
    """
    path = folder / "config.json"
    said = json.loads(path.read_text()) if path.is_file() else {}
    if "family" not in said:
        raise ModelError("no model of a family here", where=str(folder), remedy="train one first")
    family = _family(said["settings"], str(path))
    with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
        arrays = {key: stored[key] for key in stored.files}
    parts = {}
    for name, settings in family.parts.items():
        own = {k[len(name) + 1 :]: v for k, v in arrays.items() if k.startswith(f"{name}/")}
        parts[name] = Part.put_together(settings, own, said["held"][name])
    ranker = None
    if family.ranker is not None:
        every, fresh = (Trees((folder / f"{name}.txt").read_text()) for name in _TREES)
        ranker = LakeRanker(family.ranker.each, every, fresh)
    return LakeModel(
        family, said["product_ids"], arrays["/category"], arrays["/near"], parts, ranker
    )


def _family(said: dict, where: str) -> LakeFamily:
    parts = {
        name: Family(
            part["name"],
            from_dict(FAMILIES[part["name"]][0], part["config"], where),
            part["grid"],
            part["decides_on"],
        )
        for name, part in said["parts"].items()
    }
    ranker = said["ranker"] and from_dict(NextPurchasesConfig, said["ranker"], where)
    return LakeFamily(said["name"], parts, ranker, said["decides_on"], said["history_length"])
