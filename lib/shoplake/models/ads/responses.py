"""Models of the probability of a response: logistic regression, boosted trees, a cross network."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shoplake.models.ads.cross import CrossNetwork
from shoplake.models.ads.examples import Examples, Floats, sample
from shoplake.models.ads.settings import AdsConfig
from shoplake.models.boosting import lightgbm


class ResponseModel(Protocol):
    """Something that gives each example a probability."""

    def probability(self, examples: Examples) -> Floats:
        """Probability of a response [n]."""


def fit_response(
    name: str, examples: Examples, response: NDArray[np.bool_], config: AdsConfig
) -> ResponseModel:
    """Fit "logistic", "boosted_trees" or "cross_network".

    Raises:
        AdsError: nobody responded, or everybody did.
    """
    rows, weight = sample(response, config.negatives, config.seed)
    kinds: dict[str, Any] = {
        "logistic": Logistic,
        "boosted_trees": BoostedTrees,
        "cross_network": CrossNetwork,
    }
    model: ResponseModel = kinds[name].fit(examples.take(rows), response[rows], weight, config)
    return model


class Logistic:
    """L2-regularised logistic regression on standardised numbers and one-hot categories."""

    def __init__(self, pipeline: Any, shape: tuple[int, int]) -> None:
        self._pipeline, self._shape = pipeline, shape

    @classmethod
    def fit(
        cls, examples: Examples, response: NDArray[np.bool_], weight: Floats, config: AdsConfig
    ) -> Logistic:
        """Learn from weighted examples."""
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        numbers, categories = examples.numbers.shape[1], examples.categories.shape[1]
        numeric = make_pipeline(
            SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()
        )
        columns = ColumnTransformer(
            [
                ("numbers", numeric, list(range(numbers))),
                (
                    "categories",
                    OneHotEncoder(handle_unknown="ignore", min_frequency=5),
                    list(range(numbers, numbers + categories)),
                ),
            ]
        )
        pipeline = make_pipeline(columns, LogisticRegression(C=0.1, max_iter=300))
        pipeline.fit(_matrix(examples), response, logisticregression__sample_weight=weight)
        return cls(pipeline, (numbers, categories))

    def probability(self, examples: Examples) -> Floats:
        """Probability of a response [n]."""
        return np.asarray(self._pipeline.predict_proba(_matrix(examples))[:, 1])


class BoostedTrees:
    """LightGBM on the log-loss."""

    def __init__(self, booster: Any) -> None:
        self._booster = booster

    @classmethod
    def fit(
        cls, examples: Examples, response: NDArray[np.bool_], weight: Floats, config: AdsConfig
    ) -> BoostedTrees:
        """Learn from weighted examples."""
        lgb, trees = lightgbm(), config.trees
        numbers = examples.numbers.shape[1]
        settings = {
            "objective": "binary",
            "num_leaves": trees.leaves,
            "min_data_in_leaf": trees.min_leaf,
            "learning_rate": trees.learning_rate,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 5.0,
            "cat_smooth": 20.0,
            "seed": config.seed,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        }
        data = lgb.Dataset(
            _matrix(examples),
            response,
            weight=weight,
            categorical_feature=list(range(numbers, numbers + examples.categories.shape[1])),
            params={"verbosity": -1},
        )
        return cls(lgb.train(settings, data, num_boost_round=trees.rounds))

    def probability(self, examples: Examples) -> Floats:
        """Probability of a response [n]."""
        return np.asarray(self._booster.predict(_matrix(examples)))


def _matrix(examples: Examples) -> NDArray[np.float64]:
    return np.concatenate([examples.numbers, examples.categories], axis=1, dtype=np.float64)
