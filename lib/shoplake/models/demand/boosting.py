"""One gradient-boosted model a quantile level for all items: LightGBM with the quantile loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from shoplake.models.boosting import lightgbm
from shoplake.models.demand.panel import Floats
from shoplake.models.demand.settings import LEVELS, BoostingConfig

#: Levels that are fitted; the rest lie between them.
_FITTED = np.array([0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95])


class BoostedQuantiles:
    """Boosters of the fitted levels; Meinshausen's (2006) idea with LightGBM's pinball gradient."""

    def __init__(self, boosters: list[Any]) -> None:
        self._boosters = boosters

    @classmethod
    def fit(
        cls,
        rows: tuple[Floats, Floats, Floats],
        categories: int,
        config: BoostingConfig,
        seed: int,
        base: Floats | None = None,
    ) -> BoostedQuantiles:
        """Learn from rows: features [n, F], the first of them codes, targets and weights [n].

        With `base` [n], forecasts of the rows, what is learnt is how the target differs from them.
        """
        x, y, weight = rows
        lgb = lightgbm()
        data = lgb.Dataset(
            x,
            y,
            weight=weight,
            init_score=base,
            categorical_feature=list(range(categories)),
            params={"max_bin": 127, "verbosity": -1},
        )
        settings = {
            "objective": "quantile",
            "num_leaves": config.leaves,
            "min_data_in_leaf": config.min_leaf,
            "learning_rate": config.learning_rate,
            "feature_fraction": 0.7,
            "bagging_fraction": 0.7,
            "bagging_freq": 1,
            "max_bin": 127,
            "cat_smooth": 50.0,
            "seed": seed,
            "deterministic": True,
            "force_col_wise": True,
            "verbosity": -1,
        }
        return cls(
            [
                lgb.train({**settings, "alpha": level}, data, num_boost_round=config.rounds)
                for level in _FITTED
            ]
        )

    def predict(self, x: Floats, base: Floats | None = None) -> Floats:
        """Quantiles [n, L] at LEVELS, sorted; `base` [n] if the model was learnt with one."""
        start = 0.0 if base is None else base[:, None]
        raw = np.stack([b.predict(x) for b in self._boosters], axis=1)
        fitted = np.sort(raw + start, axis=1)
        low, high = fitted[:, :2], fitted[:, -2:]
        ends = (2 * low[:, :1] - low[:, 1:], 2 * high[:, 1:] - high[:, :1])
        known = np.concatenate([ends[0], fitted, ends[1]], axis=1)
        return spread(known, np.concatenate([[0.01], _FITTED, [0.99]]))


def spread(values: Floats, levels: np.ndarray) -> Floats:
    """Quantiles [n, k] at `levels` as quantiles [n, L] at LEVELS, by straight lines."""
    right = np.clip(np.searchsorted(levels, LEVELS), 1, len(levels) - 1)
    share = np.clip((LEVELS - levels[right - 1]) / (levels[right] - levels[right - 1]), 0, 1)
    found = values[:, right - 1] * (1 - share) + values[:, right] * share
    return found.astype(np.float32)
