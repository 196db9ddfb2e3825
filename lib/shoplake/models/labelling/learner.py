"""The learner that labels are judged by: a few trees on features of words and meaning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.models.boosting import lightgbm
from shoplake.models.search.config import load_search
from shoplake.models.search.encoder import TextEncoder
from shoplake.models.search.features import FAMILIES, features, scored
from shoplake.models.search.index import SearchIndex
from shoplake.models.search.judgements import Judgements
from shoplake.models.search.model import BLOCK

Floats = NDArray[np.float64]
COLUMNS = [*FAMILIES["words"], "base", "base_of_best"]
_TREES = 120


def pair_features(judged: Judgements, base: str | None = None) -> pd.DataFrame:
    """Features of words and meaning of each judged pair [N, COLUMNS]; no label is looked at.

    Args:
        judged: pairs; their grades are not used.
        base: of the cosine (default: that of search).

    Raises:
        ModelError: there is no base model.
    """
    config = load_search()
    encoder = TextEncoder.load(base or config.base, max_tokens=config.max_tokens)
    index = SearchIndex(judged.titles.tolist(), encoder)
    read = index.read(judged.queries.tolist())
    parts = []
    for start in range(0, len(read.texts), BLOCK):
        block = read.block(slice(start, start + BLOCK))
        rows = (judged.query >= start) & (judged.query < start + BLOCK)
        own, title = judged.query[rows] - start, judged.title[rows]
        parts.append(features(index, block, scored(index, block), own, title)[COLUMNS])
    return pd.concat(parts, ignore_index=True)


def fit_trees(rows: Floats, grades: Floats, weights: Floats | None = None, *, seed: int = 0) -> Any:
    """Trees of squared error; few labels make small trees."""
    gbm = lightgbm()
    settings = {
        "objective": "l2",
        "learning_rate": 0.05,
        "num_leaves": 15,
        "min_data_in_leaf": max(2, min(40, len(rows) // 15)),
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
    return gbm.train(settings, gbm.Dataset(rows, grades, weight=weights), _TREES)


def spread(rows: Floats, grades: Floats, new: Floats, *, seed: int, members: int = 5) -> Floats:
    """How much trees learnt on resampled labels disagree about new pairs (query by committee).

    Seung, Opper & Sompolinsky 1992; bagging: Abe & Mamitsuka 1998.
    """
    random = np.random.default_rng(seed)
    said = []
    for member in range(members):
        drawn = random.integers(len(rows), size=len(rows))
        trees = fit_trees(rows[drawn], grades[drawn], seed=seed + member)
        said.append(trees.predict(new))
    return np.asarray(np.std(said, axis=0))
