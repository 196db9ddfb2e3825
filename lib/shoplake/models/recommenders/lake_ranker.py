"""The ranker of next purchases in a lake: candidates of several families, ordered by trees.

As `next_purchases.NextPurchases`, on histories as a lake serves them. Two models by LambdaMART:
one orders all candidates, the other those the person has not bought yet. A list is made of both:
the first says which places go to new items, the second which new item takes which of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.errors import ModelError
from shoplake.models.recommenders.boosted import rank_model
from shoplake.models.recommenders.candidates import of_scores
from shoplake.models.recommenders.interactions import Floats, Ints
from shoplake.models.recommenders.next_purchases import NextPurchasesConfig
from shoplake.models.recommenders.parts import Part
from shoplake.models.recommenders.seen import Seen
from shoplake.models.recommenders.seen_features import ItemFacts, SeenFeatures
from shoplake.models.recommenders.trees import Trees

_BLOCK = 400


@dataclass(frozen=True)
class Moment:
    """An instant to learn from.

    Attributes:
        seen: people's histories at it.
        facts: items at it.
        parts: families that have learned from what came before it.
        truth: [P, M] non-zero where the person bought the item in the days after it.
    """

    seen: Seen
    facts: ItemFacts
    parts: Mapping[str, Part]
    truth: csr_array


@dataclass(frozen=True)
class _Candidates:
    rows: Ints
    items: Ints
    features: Floats
    fresh: NDArray[np.bool_]


@dataclass(frozen=True)
class LakeRanker:
    """The ranker.

    Attributes:
        each: candidates from each part; the items of the history come on top.
        every, fresh: the models of all candidates and of those not bought before.
    """

    each: int
    every: Trees
    fresh: Trees

    @classmethod
    def learned(
        cls, config: NextPurchasesConfig, moments: Iterable[Moment], seed: int = 0
    ) -> LakeRanker:
        """Learn from what people bought after each moment; one moment is held at a time.

        Raises:
            ModelError: too few people bought anything that a part proposes.
        """
        draw = np.random.default_rng(seed)
        features: list[Floats] = []
        labels: list[NDArray[np.bool_]] = []
        groups: list[Ints] = []
        fresh: list[NDArray[np.bool_]] = []
        total = 0
        for moment in moments:
            known = (moment.seen.item >= 0).any(axis=1)
            people = np.flatnonzero(known & (np.diff(moment.truth.indptr) > 0))
            people = np.sort(draw.permutation(people)[: config.people])
            for start in range(0, len(people), _BLOCK):
                chosen = people[start : start + _BLOCK]
                seen = moment.seen[chosen]
                scores = {name: part.scores(seen) for name, part in moment.parts.items()}
                found = _candidates(seen, moment.facts, scores, config.each)
                features.append(found.features)
                labels.append(moment.truth[chosen].toarray()[found.rows, found.items] > 0)
                groups.append(found.rows + total)
                fresh.append(found.fresh)
                total += len(chosen)
        if not features:
            raise ModelError(
                "nobody with a history bought anything after a training cut",
                where="gold.training_examples, split train",
                remedy="bring a longer period, or train another family",
            )
        table = np.concatenate(features), np.concatenate(labels), np.concatenate(groups)
        del features
        new = _model(*table, np.concatenate(fresh), config, seed)
        return cls(config.each, _model(*table, None, config, seed), new)

    def rank(self, seen: Seen, facts: ItemFacts, scores: Mapping[str, Floats]) -> Floats:
        """Scores [P, M]; what is no candidate comes after all others, by popularity.

        Args:
            seen: people's histories.
            facts: items at that instant.
            scores: [P, M] of each part, in the parts' order.
        """
        found = _candidates(seen, facts, scores, self.each)
        value = self.every.predict(found.features)
        new = np.flatnonzero(found.fresh)
        row, mine = found.rows[new], value[new]
        of_new = self.fresh.predict(found.features[new])
        value[new[np.lexsort((-mine, -of_new, row))]] = mine[np.lexsort((-mine, row))]
        least = np.full(len(seen), np.inf)
        np.minimum.at(least, found.rows, value)
        share = facts.log_popularity / (facts.log_popularity.max(initial=0) + 1)
        ranked = (least[:, None] - 2 + share).astype(np.float32)
        ranked[found.rows, found.items] = value
        return ranked


def _candidates(
    seen: Seen, facts: ItemFacts, scores: Mapping[str, Floats], each: int
) -> _Candidates:
    known = SeenFeatures(seen, facts)
    chosen = known.held.copy()
    for found in scores.values():
        masked = np.where(known.held, np.float32(-np.inf), found)
        top = torch.topk(torch.from_numpy(masked), min(each, seen.catalogue), sorted=False)
        np.put_along_axis(chosen, top.indices.numpy(), True, axis=1)
    rows, items = np.nonzero(chosen)
    columns = [known.of(rows, items)]
    for found in scores.values():
        of = of_scores(found[rows, items], rows, len(seen))
        columns.append(np.stack(of, axis=1).astype(np.float32))
    return _Candidates(rows, items, np.concatenate(columns, axis=1), ~known.bought[rows, items])


def _model(
    features: Floats,
    labels: NDArray[np.bool_],
    groups: Ints,
    keep: NDArray[np.bool_] | None,
    config: NextPurchasesConfig,
    seed: int,
) -> Trees:
    """Trees from the people who bought a candidate, one group each."""
    use = np.ones(len(labels), dtype=np.bool_) if keep is None else keep
    hit = np.bincount(groups[use], labels[use], minlength=int(groups[-1]) + 1) > 0
    use = use & hit[groups]
    sizes = np.bincount(groups[use], minlength=len(hit))[hit]
    made = rank_model(features[use], labels[use].astype(np.int64), sizes, config, seed)
    return Trees(made.model_to_string())
