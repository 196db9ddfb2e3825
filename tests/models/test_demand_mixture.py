from __future__ import annotations

import numpy as np
from scipy.stats import poisson

from shoplake.models.demand.combine import (
    CLASSES,
    Window,
    demand_class,
    learn_mixture,
    rank_range,
    select,
)
from shoplake.models.demand.settings import LEVELS


def said(mean: float, n: int) -> np.ndarray:
    return np.tile(poisson.ppf(LEVELS, mean).astype(np.float32), (n, 1))


def test_classes_of_demand() -> None:
    rows = np.array(
        [
            [5, 5, 6, 5, 6, 5, 5, 6],
            [0, 5, 0, 0, 5, 0, 0, 5],
            [1, 20, 1, 30, 2, 1, 40, 1],
            [0, 1, 0, 0, 50, 0, 0, 2],
        ],
        np.float32,
    )
    assert [CLASSES[k] for k in demand_class(rows)] == [
        "smooth",
        "intermittent",
        "erratic",
        "lumpy",
    ]


def test_selection_leaves_out_the_worse_forecast() -> None:
    actual = np.random.default_rng(0).poisson(5, 2000).astype(np.float32)
    weights = select({"good": said(5, 2000), "bad": said(50, 2000)}, actual)
    assert weights == {"good": 1.0}


def test_a_window_of_large_errors_does_not_decide_alone() -> None:
    """A holiday's errors are fifty times as large, but it is one window, and the oldest."""
    plain = np.zeros(30, np.int64)

    def window(size: float, better: str) -> Window:
        off = {name: 1.0 if name == better else 2.0 for name in ("one", "other")}
        made = {
            name: np.full((30, 4, len(LEVELS)), size * (10 + by), np.float32)
            for name, by in off.items()
        }
        return Window(made, np.full((30, 4), size * 10, np.float32), plain)

    calm = [window(1, "one"), window(1, "one")]
    found = learn_mixture([*calm, window(50, "other")], counts=False, seed=0)
    assert found.weights[0] == {"one": 1.0}


def test_ranks_of_counts_are_uniform_when_the_forecast_is_right() -> None:
    draw = np.random.default_rng(1)
    actual = draw.poisson(0.7, 20_000).astype(np.float32)
    low, high = rank_range(said(0.7, len(actual)), actual)
    rank = low + draw.random(len(low)) * (high - low)
    assert np.abs(np.quantile(rank, LEVELS) - LEVELS).max() < 0.04


def test_calibration_widens_what_was_too_narrow() -> None:
    draw = np.random.default_rng(2)
    actual = draw.normal(100, 20, (400, 10)).astype(np.float32)
    from scipy.stats import norm

    narrow = norm.ppf(LEVELS, 100, 8).astype(np.float32)
    made = {"narrow": np.tile(narrow, (400, 10, 1))}
    mixture = learn_mixture([Window(made, actual, np.zeros(400, np.int64))], counts=False, seed=0)
    fresh = draw.normal(100, 20, (400, 10))
    found = mixture.apply(made, np.zeros(400, np.int64), counts=False)

    def covered(quantiles: np.ndarray) -> float:
        inside = (quantiles[..., 3] <= fresh) & (fresh <= quantiles[..., -4])  # .10 to .90
        return float(inside.mean())

    assert covered(made["narrow"]) < 0.45
    assert covered(found) > covered(made["narrow"]) + 0.15
