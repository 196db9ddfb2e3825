"""What a person buys next: what they bought before and what recommenders propose, ranked by trees.

The features are those that the winners of next-basket contests rely on: frequency, recency and
rhythm of the pair, of the person and of the item, beside the scores of collaborative filters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from shoplake.models.config import model_file
from shoplake.models.recommenders.boosted import BoostedConfig, rank_model
from shoplake.models.recommenders.candidates import of_scores
from shoplake.models.recommenders.interactions import Floats, Interactions, Ints, Recommender
from shoplake.models.recommenders.purchases import PurchaseFeatures, Purchases
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class NextPurchasesConfig(BoostedConfig):
    """Settings of the ranker; those of its trees are `BoostedConfig`.

    Attributes:
        each: candidates from each part in a lake.
        people: most people of a training cut in a lake that are learned from.
        decides_on: the task that a lake promotes the ranker by.
    """

    each: int = 40
    people: int = 4000
    decides_on: Literal["new", "all"] = "new"


def load_next_purchases(file: str = "next_purchases") -> NextPurchasesConfig:
    """Settings from conf/models/next_purchases.yml or another file of that form."""
    return load_yaml(model_file(file), NextPurchasesConfig)


@dataclass(frozen=True)
class Moment:
    """Everything that is known at a cut.

    Attributes:
        past: purchases before it.
        histories: one row a person.
        features: of pairs.
        parts: name -> recommender fitted on the histories.
    """

    past: Purchases
    histories: Interactions
    features: PurchaseFeatures
    parts: Mapping[str, Recommender]

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """[C] items that nobody had bought before the cut: no candidates, whoever scores them."""
        return self.histories.counts() == 0

    def blocks(
        self, people: Ints, size: int
    ) -> Iterator[tuple[Ints, Interactions, dict[str, Floats]]]:
        """(people, their histories, scores by part) for blocks of people; -inf for the unknown."""
        unknown = self.unknown
        for start in range(0, len(people), size):
            rows = people[start : start + size]
            block = self.histories.take(rows)
            every = {name: part.scores(block) for name, part in self.parts.items()}
            yield rows, block, {n: without(scores, unknown) for n, scores in every.items()}


def without(scores: Floats, unknown: NDArray[np.bool_]) -> Floats:
    """Scores [B, C] with -inf for the unknown items [C]."""
    return np.where(unknown, np.float32(-np.inf), scores) if unknown.any() else scores


class NextPurchases:
    """The ranker.

    Args:
        fresh_only: rank only items new to the person.
        each: candidates from each part; what the person bought before comes on top.
    """

    def __init__(self, config: BoostedConfig, *, fresh_only: bool, each: int = 40) -> None:
        self.config = config
        self.fresh_only = fresh_only
        self.each = each
        self.model: Any = None

    def learn(self, examples: list[tuple[Moment, Purchases]], seed: int, block: int = 500) -> None:
        """Learn from moments and what was bought in the days after each."""
        features, labels, sizes = [], [], []
        for moment, after in examples:
            truth = after.truth()
            known = moment.histories.lengths > 0
            people = np.flatnonzero(known & (np.diff(truth.indptr) > 0))
            for rows, histories, every in moment.blocks(people, block):
                at, items, found = self._pairs(moment, rows, histories, every)
                bought = truth[rows].toarray()[at, items] > 0
                hit = np.bincount(at, bought, minlength=len(rows)) > 0
                features.append(found[hit[at]])
                labels.append(bought[hit[at]])
                sizes.append(np.bincount(at, minlength=len(rows))[hit])
        self.model = rank_model(
            np.concatenate(features),
            np.concatenate(labels).astype(np.int64),
            np.concatenate(sizes),
            self.config,
            seed,
        )

    @property
    def trees(self) -> int:
        """How many trees the ranker has."""
        return int(self.model.current_iteration())

    def rank(
        self, moment: Moment, people: Ints, histories: Interactions, every: Mapping[str, Floats]
    ) -> Floats:
        """Scores [B, C]; -inf for what is no candidate."""
        rows, items, features = self._pairs(moment, people, histories, every)
        found = np.full((len(people), histories.catalogue), -np.inf, dtype=np.float32)
        found[rows, items] = self.model.predict(features)
        return found

    def _pairs(
        self, moment: Moment, people: Ints, histories: Interactions, every: Mapping[str, Floats]
    ) -> tuple[Ints, Ints, Floats]:
        """(row, item, features) of the candidates of a block of people."""
        size = (len(people), histories.catalogue)
        own = np.zeros(size, dtype=np.bool_)
        own[histories.rows, histories.items] = True
        chosen = np.zeros(size, dtype=np.bool_) if self.fresh_only else own.copy()
        for found in every.values():
            masked = np.where(own, -np.inf, found)
            top = torch.topk(torch.from_numpy(masked), min(self.each, size[1]), sorted=False)
            np.put_along_axis(chosen, top.indices.numpy(), True, axis=1)
        if self.fresh_only:
            chosen &= ~own
        chosen[:, moment.unknown] = False
        rows, items = np.nonzero(chosen)
        columns = [moment.features.of(people[rows], items)]
        for found in every.values():
            of = of_scores(found[rows, items], rows, len(people))
            columns.append(np.stack(of, axis=1).astype(np.float32))
        return rows, items, np.concatenate(columns, axis=1)
