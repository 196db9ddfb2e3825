"""A learned ranker: gradient-boosted trees on the features of a query's candidates.

LambdaMART (Burges, "From RankNet to LambdaRank to LambdaMART", 2010) by LightGBM. Grades become
gains of 0, 1 to 4 steps; what nobody judged is 0. The number of trees is chosen on queries that
are held out, then the ranker learns on all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.errors import ModelError
from shoplake.models.boosting import lightgbm
from shoplake.models.search.config import SearchConfig
from shoplake.models.search.features import FAMILIES, NAMES

#: Gain of each label: not judged, judged irrelevant (1), ..., perfect (3).
_GAINS = [0, 1, 3, 7, 15, 30]
_FEW_ROWS = 2_000
#: Queries, of which some are held out.
_LEAST = 2
_EDGES = np.array([1.0, 1.6, 2.2, 2.5, 2.9])


@dataclass(frozen=True)
class Booster:
    """Trees, and how many of them held-out queries wanted.

    Attributes:
        model: LightGBM's booster.
        trees: how many.
    """

    model: Any
    trees: int

    def predict(self, features: pd.DataFrame) -> NDArray[np.float64]:
        """A score for each row."""
        # Threads that wait for each other take longer than one does for a query's few rows.
        threads = 1 if len(features) <= _FEW_ROWS else 0
        return np.asarray(self.model.predict(features.to_numpy(), num_threads=threads))

    def shares(self, features: pd.DataFrame) -> pd.DataFrame:
        """What each family of features adds to each row's score (SHAP values, summed).

        Lundberg et al., "Consistent individualized feature attribution for tree ensembles", 2018.
        """
        found = self.model.predict(features.to_numpy(), pred_contrib=True)[:, :-1]
        at = {name: i for i, name in enumerate(NAMES)}
        return pd.DataFrame(
            {family: found[:, [at[n] for n in names]].sum(1) for family, names in FAMILIES.items()}
        )


def fit_ranker(
    features: pd.DataFrame,
    query: NDArray[np.int64],
    grades: NDArray[np.float64],
    config: SearchConfig,
    tell: Callable[[str], None],
) -> Booster:
    """Learn to order each query's candidates.

    Args:
        features: [pairs, NAMES], a query's pairs together.
        query: the query of each pair, ascending.
        grades: relevance, 0 where nobody judged.
        config: trees, leaves, rates.
        tell: told of the outcome.
    """
    labels = np.searchsorted(_EDGES, grades, side="right")
    parameters = {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [10],
        "label_gain": _GAINS,
        "lambdarank_truncation_level": 20,
        "min_data_in_leaf": max(1, min(100, len(labels) // 40)),
        **_common(config),
    }
    return _fit(features, labels, query, parameters, config, tell, grouped=True)


def fit_regressor(
    features: pd.DataFrame,
    query: NDArray[np.int64],
    grades: NDArray[np.float64],
    config: SearchConfig,
    tell: Callable[[str], None],
) -> Booster:
    """Learn the grade of a judged pair, by squared error."""
    parameters = {
        "objective": "l2",
        "metric": "rmse",
        "boost_from_average": True,
        "min_data_in_leaf": max(1, min(60, len(grades) // 40)),
        **_common(config),
        "learning_rate": config.learning_rate * 0.6,
    }
    return _fit(features, grades, query, parameters, config, tell, grouped=False)


def _common(config: SearchConfig) -> dict[str, Any]:
    return {
        "learning_rate": config.learning_rate,
        "num_leaves": config.leaves,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "seed": config.seed,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }


def _fit(
    features: pd.DataFrame,
    labels: NDArray[Any],
    query: NDArray[np.int64],
    parameters: dict[str, Any],
    config: SearchConfig,
    tell: Callable[[str], None],
    *,
    grouped: bool,
) -> Booster:
    gbm = lightgbm()
    rows = features.to_numpy()
    order = np.argsort(query, kind="stable")
    known = np.unique(query)
    if len(known) < _LEAST:
        raise ModelError(
            f"judgements of {len(known)} query are too few to learn a ranking from",
            remedy=f"give those of {_LEAST} queries or more: some are held out",
        )
    held = np.random.default_rng(config.seed).choice(
        known, max(1, round(config.validation * len(known))), replace=False
    )
    out = np.isin(query[order], held)

    def data(part: NDArray[np.int64], reference: Any = None) -> Any:
        sizes = np.unique(query[part], return_counts=True)[1] if grouped else None
        return gbm.Dataset(rows[part], labels[part], group=sizes, reference=reference)

    learn = data(order[~out])
    trial = gbm.train(
        parameters,
        learn,
        config.trees,
        valid_sets=[data(order[out], learn)],
        callbacks=[gbm.early_stopping(50, verbose=False)],
    )
    trees = max(1, trial.best_iteration)
    (_, metric), value = next(
        (((s, m), v) for s, found in trial.best_score.items() for m, v in found.items())
    )
    tell(f"{trees} trees, {metric} {value:.4f} on {len(held):,} held-out queries")
    whole = gbm.train(parameters, data(order), round(trees / (1 - config.validation) ** 0.5))
    return Booster(whole, whole.num_trees())
