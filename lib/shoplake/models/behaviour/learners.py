"""The three families on the same features: boosted trees, a deep network, nearest neighbours.

A chance is the mean of 0s and 1s, learned by log loss; an amount is a median, learned by absolute
error of log1p (a median stays one under it), since absolute error is what it is judged by.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shoplake.models.behaviour.settings import BehaviourConfig
from shoplake.models.boosting import lightgbm

Floats = NDArray[np.float64]
Kind = Literal["chance", "amount"]
Predict = Callable[[Floats], Floats]
MODELS = ("boosted trees", "deep network", "nearest neighbours")


def learn(
    model: str, x: Floats, y: Floats, kind: Kind, config: BehaviourConfig, seed: int, k: int
) -> Predict:
    """A function from features [n, f] to chances in (0, 1) or amounts [n].

    Args:
        model: of `MODELS`.
        x: features [n, f].
        y: [n] 0 or 1, or an amount of at least 0.
        kind: which of the two.
        config: settings.
        seed: of the network and of the trees.
        k: how many nearest neighbours.
    """
    target = y.astype(np.float64) if kind == "chance" else np.log1p(y)
    raw = {"boosted trees": _trees, "deep network": _network}.get(model)
    predict = raw(x, target, kind, config, seed) if raw else _nearest(x, target, kind, k)
    if kind == "chance":
        return lambda asked: np.clip(predict(asked), 1e-4, 1 - 1e-4)
    return lambda asked: np.expm1(np.maximum(predict(asked), 0))


def _trees(x: Floats, y: Floats, kind: Kind, config: BehaviourConfig, seed: int) -> Predict:
    lgb = lightgbm()
    settings = {
        "objective": "binary" if kind == "chance" else "regression_l1",
        "num_leaves": config.trees.leaves,
        "learning_rate": config.trees.learning_rate,
        "min_data_in_leaf": min(config.trees.least, max(len(x) // 20, 1)),
        "feature_fraction": 0.8,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
        "seed": seed,
    }
    booster = lgb.train(settings, lgb.Dataset(x, y), num_boost_round=config.trees.trees)
    return lambda asked: np.asarray(booster.predict(asked), dtype=np.float64)


def _network(x: Floats, y: Floats, kind: Kind, config: BehaviourConfig, seed: int) -> Predict:
    import torch

    settings = config.network
    scale = _scaled(x)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers: list[torch.nn.Module] = []
        widths = (x.shape[1], *settings.layers)
        for before, after in pairwise(widths):
            layers += [torch.nn.Linear(before, after), torch.nn.ReLU()]
            layers += [torch.nn.Dropout(settings.dropout)]
        net = torch.nn.Sequential(*layers, torch.nn.Linear(widths[-1], 1))
        inputs = torch.from_numpy(scale(x)).float()
        goal = torch.from_numpy(np.asarray(y)).float()
        loss = torch.nn.BCEWithLogitsLoss() if kind == "chance" else torch.nn.L1Loss()
        optimiser = torch.optim.AdamW(
            net.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        for _ in range(settings.epochs):
            order = torch.randperm(len(inputs), generator=generator)
            for rows in order.split(settings.batch_size):
                optimiser.zero_grad()
                loss(net(inputs[rows]).squeeze(-1), goal[rows]).backward()
                optimiser.step()
        net.eval()

    def predict(asked: Floats) -> Floats:
        with torch.inference_mode():
            out = net(torch.from_numpy(scale(asked)).float()).squeeze(-1)
            out = torch.sigmoid(out) if kind == "chance" else out
        return np.asarray(out.double().numpy())

    return predict


def _nearest(x: Floats, y: Floats, kind: Kind, k: int) -> Predict:
    from sklearn.neighbors import NearestNeighbors

    scale = _scaled(x)
    index = NearestNeighbors(n_neighbors=min(k, len(x))).fit(scale(x))

    def predict(asked: Floats) -> Floats:
        near = y[index.kneighbors(scale(asked), return_distance=False)]
        if kind == "amount":
            return np.asarray(np.median(near, axis=1))
        # Laplace's rule: no number of neighbours proves a chance of 0.
        return np.asarray((near.sum(axis=1) + 1) / (near.shape[1] + 2))

    return predict


def _scaled(x: Floats) -> Predict:
    """Signed log, then mean 0 and deviation 1, as these features have."""

    def squeezed(values: Floats) -> Floats:
        return np.asarray(np.sign(values) * np.log1p(np.abs(values)))

    mean, spread = squeezed(x).mean(axis=0), squeezed(x).std(axis=0)
    return lambda asked: (squeezed(asked) - mean) / np.where(spread > 0, spread, 1)
