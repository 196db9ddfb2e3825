"""Can one tell from a model whether a person was in its training data?

Two attacks, each knowing a person's history and the model: the loss as it is (Yeom et al.,
"Privacy risk in machine learning", CSF 2018), and the likelihood ratio of that loss under shadow
models that had the person and ones that had not (LiRA, online: Carlini et al., "Membership
inference attacks from first principles", S&P 2022). Members and non-members are halves of the same
people, drawn at random. AUC .5 is a coin. The same attacker is set on a model trained again after
an erasure: can it tell the erased from people whom no model ever saw?
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from shoplake.evaluate.findings import Figure
from shoplake.models.recommenders.interactions import Interactions
from shoplake.models.recommenders.private import Private

SHADOWS = 16
Fit = Callable[[Interactions, int], Private]


@dataclass(frozen=True)
class Attacker:
    """One who knows everybody's history and how the model is trained, and has shadow models.

    Attributes:
        people: one row a person.
        known: [S, P] confidence of models trained alike on random halves.
        halves: [S, P] whose training held the person.
        seed: of intervals.
    """

    people: Interactions
    known: NDArray[np.float64]
    halves: NDArray[np.bool_]
    seed: int

    def figures(self) -> dict[str, Figure]:
        """The AUC of each attack on each of the models under all others, on average."""
        ratio = [
            likelihood_ratio(said, np.delete(self.known, n, 0), np.delete(self.halves, n, 0))
            for n, said in enumerate(self.known)
        ]
        return self._figures(self.known, np.stack(ratio), self.halves)

    def against(
        self, model: Private, inside: NDArray[np.bool_], among: NDArray[np.bool_]
    ) -> dict[str, Figure]:
        """The AUC of each attack on another model.

        Args:
            model: the attacked one.
            inside: [P] who is to be found.
            among: [P] the people they are to be told from, and they themselves.
        """
        said = confidence(model.loss(self.people))
        ratio = likelihood_ratio(said, self.known, self.halves)
        return self._figures(said[None, among], ratio[None, among], inside[None, among])

    def _figures(
        self, said: NDArray[np.float64], ratio: NDArray[np.float64], inside: NDArray[np.bool_]
    ) -> dict[str, Figure]:
        return {
            "loss attack AUC": auc_figure(said, inside, self.seed),
            "LiRA attack AUC": auc_figure(ratio, inside, self.seed),
        }


def attacked(
    people: Interactions, fit: Fit, seed: int, shadows: int = SHADOWS
) -> tuple[Private, NDArray[np.bool_], Attacker]:
    """A model of one half, who was in it [P], and one who attacks it.

    Args:
        people: one row a person.
        fit: trains on rows with a seed.
        seed: of the halves and of training.
        shadows: models of other random halves.
    """
    rng = np.random.default_rng(seed)
    halves = [rng.permutation(len(people)) < len(people) // 2 for _ in range(shadows + 1)]
    models = [fit(people.take(np.flatnonzero(half)), seed + n) for n, half in enumerate(halves)]
    known = np.stack([confidence(model.loss(people)) for model in models])
    return models[0], halves[0], Attacker(people, known, np.stack(halves), seed)


def forgotten(
    attacker: Attacker, fit: Fit, inside: NDArray[np.bool_]
) -> tuple[Private, dict[str, Figure]]:
    """The first model trained again after a random half of its members was erased; the attacks.

    The attacker, who does not have the model of before, is to tell the erased from those who never
    were members.

    Args:
        attacker: of `attacked`.
        fit: as there.
        inside: [P] the members of the first model.
    """
    rng = np.random.default_rng(attacker.seed)
    members = np.flatnonzero(inside)
    erased = np.zeros_like(inside)
    erased[rng.permutation(members)[: len(members) // 2]] = True
    rows = attacker.people.take(np.flatnonzero(inside & ~erased))
    again = fit(rows, attacker.seed + len(attacker.halves))
    late = replace(attacker, known=attacker.known[1:], halves=attacker.halves[1:])
    return again, late.against(again, erased, erased | ~inside)


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


def auc(score: NDArray[np.float64], inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Chance that a member scores above a non-member, a row a model; ties count half."""
    ranks, members = rankdata(score, axis=-1), inside.sum(axis=-1)
    others = inside.shape[-1] - members
    above = (ranks * inside).sum(axis=-1) - members * (members + 1) / 2
    return np.asarray(above / np.maximum(members * others, 1))


def auc_figure(
    score: NDArray[np.float64], inside: NDArray[np.bool_], seed: int, resamples: int = 500
) -> Figure:
    """The mean AUC over models [M, P] with a 95% bootstrap interval over models and people."""
    rng = np.random.default_rng(seed)
    models, people = score.shape
    draws = []
    for _ in range(resamples):
        at = np.ix_(rng.integers(0, models, models), rng.integers(0, people, people))
        draws.append(auc(score[at], inside[at]).mean())
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(float(auc(score, inside).mean()), float(low), float(high))
