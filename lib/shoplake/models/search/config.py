"""Settings of search; `conf/models/search.yml` fills them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class FinetuneConfig:
    """Fine-tuning of the bi-encoder.

    Attributes:
        steps: optimiser steps of each of the two encoders; 0 leaves the base model untouched.
        batch_size: queries of a step; each brings a title that answers it and one that does not.
        learning_rate: peak rate; linear warm-up, then a cosine.
        weight_decay: of AdamW.
        temperature: of the softmax over cosines.
        topics: clusters of queries; a batch draws from few of them.
        topics_per_batch: how many.
        judged_negatives: chance that a query's negative is one that judges graded low, where there
            is one; else BM25 gives it.
        checkpoint_every: steps between checkpoints.
        seed: of batches and dropout.
    """

    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    temperature: float
    topics: int
    topics_per_batch: int
    judged_negatives: float
    checkpoint_every: int
    seed: int


@dataclass(frozen=True)
class SearchConfig:
    """The search model.

    Attributes:
        base: base model, see `models.base.load_base`.
        max_tokens: tokens read of a title or a query.
        finetune: the encoders' fine-tuning.
        candidates: titles of a query that the first score brings before the ranker.
        ranker_queries: most judged queries that the ranker learns from.
        neighbours: judged queries nearest to a query whose judgements count for it.
        least_similarity: cosine below which a judged query is no neighbour.
        trees: most trees of a ranker or regressor.
        leaves: leaves of a tree.
        learning_rate: of boosting.
        validation: share of training queries that chooses the number of trees and the blend.
        seed: of splits and trees.
    """

    base: str
    max_tokens: int
    finetune: FinetuneConfig
    candidates: int
    ranker_queries: int
    neighbours: int
    least_similarity: float
    trees: int
    leaves: int
    learning_rate: float
    validation: float
    seed: int

    def __post_init__(self) -> None:
        least = {"max_tokens": 3, "candidates": 1, "neighbours": 1, "trees": 1, "leaves": 2}
        for name, minimum in least.items():
            if getattr(self, name) < minimum:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}",
                    where=f"search: {name}",
                    remedy=f"set it to {minimum} or more",
                )
        if not 0 < self.validation < 1:
            raise SettingsError("validation is a share between 0 and 1", where="search: validation")

    def seeded(self, seed: int) -> SearchConfig:
        """The same with another seed everywhere."""
        return replace(self, seed=seed, finetune=replace(self.finetune, seed=seed))


def load_search(path: Path | None = None) -> SearchConfig:
    """Read `conf/models/search.yml` or another file of its form.

    Raises:
        SettingsError: a key that is unknown, missing or of a wrong type or value.
    """
    return load_yaml(path or conf_dir() / "models" / "search.yml", SearchConfig)
