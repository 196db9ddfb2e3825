"""Can one tell from a model whether a person was in its training data?

Two attacks, each knowing a person's history and the model: the loss as it is (Yeom et al.,
"Privacy risk in machine learning", CSF 2018), and the likelihood ratio of that loss under shadow
models that had the person and ones that had not (LiRA, online: Carlini et al., "Membership
inference attacks from first principles", S&P 2022). Members and non-members are halves of the same
people, drawn at random. AUC .5 is a coin.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from shoplake.evaluate.findings import Figure
from shoplake.models.recommenders.interactions import Interactions
from shoplake.models.recommenders.private import Private

SHADOWS = 16
Fit = Callable[[Interactions, int], Private]


def attacked(
    people: Interactions, fit: Fit, seed: int, shadows: int = SHADOWS
) -> tuple[Private, NDArray[np.bool_], dict[str, Figure]]:
    """A model of one half, who was in it [P], and the AUC of each attack on it.

    Args:
        people: one row a person.
        fit: trains on rows with a seed.
        seed: of the halves and of training.
        shadows: models of other random halves.
    """
    rng = np.random.default_rng(seed)
    halves = [rng.permutation(len(people)) < len(people) // 2 for _ in range(shadows + 1)]
    inside, *others = halves
    model = fit(people.take(np.flatnonzero(inside)), seed)
    said = confidence(model.loss(people))
    known = np.stack(
        [
            confidence(fit(people.take(np.flatnonzero(half)), seed + 1 + n).loss(people))
            for n, half in enumerate(others)
        ]
    )
    ratio = likelihood_ratio(said, known, np.stack(others))
    return (
        model,
        inside,
        {
            "loss attack AUC": auc_figure(said, inside, seed),
            "LiRA attack AUC": auc_figure(ratio, inside, seed),
        },
    )


def confidence(loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus the logit-scaled loss, which is about normal (Carlini et al., section IV.C)."""
    chance = np.exp(-loss)
    return -loss - np.log1p(-np.minimum(chance, 1 - 1e-12))


def likelihood_ratio(
    said: NDArray[np.float64], known: NDArray[np.float64], inside: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """log p(said | in) - log p(said | out) for each person [P].

    Means are the person's own, spreads shared by all, since the shadows are few.

    Args:
        said: [P] the attacked model's confidence.
        known: [S, P] the shadows'.
        inside: [S, P] whose training held the person.
    """
    logs = []
    for had in (inside, ~inside):
        count = np.maximum(had.sum(axis=0), 1)
        mean = np.where(had, known, 0).sum(axis=0) / count
        rest = np.where(had, (known - mean) ** 2, 0).sum() / max(had.sum() - len(said), 1)
        logs.append(norm.logpdf(said, mean, max(rest, 1e-12) ** 0.5))
    return np.asarray(logs[0] - logs[1])


def auc(score: NDArray[np.float64], inside: NDArray[np.bool_]) -> float:
    """Chance that a member scores above a non-member; ties count half."""
    ranks, members = rankdata(score), inside.sum()
    others = len(inside) - members
    return float((ranks[inside].sum() - members * (members + 1) / 2) / max(members * others, 1))


def auc_figure(
    score: NDArray[np.float64], inside: NDArray[np.bool_], seed: int, resamples: int = 500
) -> Figure:
    """The AUC with a 95% bootstrap interval over people."""
    rng = np.random.default_rng(seed)
    draws = [
        auc(score[at], inside[at])
        for at in (rng.integers(0, len(score), len(score)) for _ in range(resamples))
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(auc(score, inside), float(low), float(high))
