"""Gradient-boosted trees that rank (LambdaMART), by LightGBM.

Ke et al., "LightGBM: a highly efficient gradient boosting decision tree" (NeurIPS 2017).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from shoplake.errors import ModelError
from shoplake.models.boosting import lightgbm
from shoplake.models.recommenders.interactions import Floats, Ints


@dataclass(frozen=True)
class BoostedConfig:
    """Settings of the trees.

    Attributes:
        trees: at most this many; fewer if the held-out share stops getting better for 20.
        leaves: of a tree.
        learning_rate: shrinkage.
        least: examples of a leaf, at least.
        truncation: the ranks that pairs are taken from.
        held_out: the share of the groups, drawn at random, that says when to stop.
    """

    trees: int = 300
    leaves: int = 31
    learning_rate: float = 0.08
    least: int = 50
    truncation: int = 30
    held_out: float = 0.15


def rank_model(
    features: Floats, labels: Ints, sizes: Ints, config: BoostedConfig, seed: int
) -> Any:
    """A fitted booster with `predict(features [n, f]) -> [n]`.

    Args:
        features: [n, f], group after group.
        labels: [n] 0 or 1.
        sizes: [g] examples of each group (history, person), in order.
    """
    lgb = lightgbm()
    rng = np.random.default_rng(seed)
    held = rng.random(len(sizes)) < config.held_out
    if held.all() or not held.any():
        raise ModelError(
            f"{len(sizes)} groups are too few to learn a ranking from",
            remedy="give a longer training part",
        )
    inside = np.repeat(held, sizes)
    learn = lgb.Dataset(features[~inside], labels[~inside], group=sizes[~held])
    check = lgb.Dataset(features[inside], labels[inside], group=sizes[held], reference=learn)
    return lgb.train(
        {
            "objective": "lambdarank",
            "metric": "ndcg",
            "eval_at": [10],
            "num_leaves": config.leaves,
            "learning_rate": config.learning_rate,
            "min_data_in_leaf": config.least,
            "lambdarank_truncation_level": config.truncation,
            "feature_fraction": 0.8,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            "seed": seed,
        },
        learn,
        config.trees,
        valid_sets=[check],
        callbacks=[lgb.early_stopping(20, verbose=False)],
    )
