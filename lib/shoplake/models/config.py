"""Typed settings of each model family; `conf/models/<model>.yml` fills them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from shoplake.errors import SettingsError
from shoplake.runtime.settings import conf_dir
from shoplake.runtime.typed import load_yaml


@dataclass(frozen=True)
class FinetuneConfig:
    """The second stage: BERT's last layers learn too.

    Attributes:
        steps: optimiser steps; 0 leaves BERT as it is.
        layers: how many of BERT's last layers learn.
        items_per_step: item texts read anew, with gradient, in a step; the others' vectors are
            those of the last time they were read.
        learning_rate: peak rate of BERT's weights.
    """

    steps: int
    layers: int
    items_per_step: int
    learning_rate: float


@dataclass(frozen=True)
class TwoTowerConfig:
    """The two-tower recommender and its training.

    Attributes:
        base: base model, see `base.load_base`.
        max_tokens: tokens read of an item's text; the rest is cut off.
        dimension: size of item and person vectors.
        heads: attention heads over the history.
        steps: optimiser steps of the first stage, on item vectors that BERT computed once.
        max_epochs: most passes over the data in the first stage: small shops are soon learned by
            heart (docs/decisions.md).
        finetune: the second stage.
        batch_size: examples of a global batch.
        accumulate: batches whose gradients are added up in an optimiser step.
        optimizer: AdamW, or SGD with momentum 0.9.
        learning_rate: peak rate of everything but BERT.
        weight_decay: of both optimisers.
        warmup_steps: steps of linear warm-up in each stage, at most a tenth of it; a cosine to 0
            follows.
        clip_norm: largest norm of a step's gradient.
        candidates: catalogues up to this size compete whole in the softmax; of larger ones, the
            batch's targets and this many items drawn evenly.
        interest_weight: weight of the calibration's cross-entropy beside the softmax.
        shards: shards of the feed; any number of processes that divides it trains alike.
        checkpoint_every: optimiser steps between checkpoints.
        timeout_seconds: how long a process waits for the others before it gives up.
        seed: of weights, order and candidates.
    """

    base: str
    max_tokens: int
    dimension: int
    heads: int
    steps: int
    max_epochs: int
    finetune: FinetuneConfig
    batch_size: int
    accumulate: int
    optimizer: Literal["adamw", "sgd"]
    learning_rate: float
    weight_decay: float
    warmup_steps: int
    clip_norm: float
    candidates: int
    interest_weight: float
    shards: int
    checkpoint_every: int
    timeout_seconds: int
    seed: int

    def __post_init__(self) -> None:
        least = {"max_tokens": 3, "dimension": 1, "heads": 1, "steps": 1, "batch_size": 1}
        least |= {
            "max_epochs": 1,
            "accumulate": 1,
            "candidates": 1,
            "shards": 1,
            "checkpoint_every": 1,
        }
        for name, minimum in least.items():
            if getattr(self, name) < minimum:
                raise SettingsError(
                    f"{name} is {getattr(self, name)}",
                    where=f"two_tower: {name}",
                    remedy=f"set it to {minimum} or more",
                )


def model_file(model: str) -> Path:
    """`conf/models/<model>.yml`, or the file that `model` names by its path."""
    if model.endswith((".yml", ".yaml")):
        return Path(model)
    return conf_dir() / "models" / f"{model}.yml"


def load_two_tower(path: Path) -> TwoTowerConfig:
    """Read `conf/models/two_tower.yml` or another file of its form.

    Raises:
        SettingsError: a key that is unknown, missing or of a wrong type or value.
    """
    return load_yaml(path, TwoTowerConfig)
