"""A recommender that can be trained with differential privacy for people (DP-SGD).

A history is the mean of its items' vectors, and the catalogue a softmax over their dot product
with output vectors, plus a bias. Abadi et al., "Deep learning with differential privacy" (CCS
2016): each step samples people independently, clips each person's gradient, adds Gaussian noise.
A person's gradient is a sum of outer products here, so its norm has a closed form and no gradient
of a person is ever held ("ghost clipping": Goodfellow 2015; Li et al., "Large language models can
be strong differentially private learners", ICLR 2022). The unit of privacy is a person's whole
history; what else is used of the data (the list of items) counts as public. Samples and noise are
of a generator that nobody can start again, or the noise could be taken off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.errors import SettingsError
from shoplake.models.recommenders.accountant import ACCOUNTANT, epsilon
from shoplake.models.recommenders.interactions import Floats, Interactions, product


@dataclass(frozen=True)
class PrivateConfig:
    """Settings of the model.

    Attributes:
        dimension: of the vectors.
        steps: of the optimiser.
        sampled: chance of each person to be in a step.
        learning_rate, momentum: of gradient descent.
        clip: largest norm of a person's gradient.
        noise: standard deviation of the noise, in units of `clip`; 0 turns privacy off.
        delta: chance by which the guarantee may fail, at most; of n people never over 1 / (2 n), or
            it would say nothing of one of them.
        seed: of the vectors that training starts from; without noise of the samples too.
    """

    dimension: int = 16
    steps: int = 150
    sampled: float = 0.05
    learning_rate: float = 0.5
    momentum: float = 0.9
    clip: float = 0.5
    noise: float = 8.0
    delta: float = 1e-5
    seed: int = 7

    def __post_init__(self) -> None:
        ranges = {
            "sampled": 0 < self.sampled <= 1,
            "clip": self.clip > 0,
            "noise": self.noise >= 0,
            "delta": 0 < self.delta < 1,
            "steps": self.steps > 0,
        }
        for name in (name for name, fits in ranges.items() if not fits):
            raise SettingsError(
                f"{name} is {getattr(self, name)}",
                where="conf/models/private.yml",
                remedy="sampled and delta lie between 0 and 1, clip and steps above 0, noise at 0"
                " or above",
            )


class Private:
    """The model; `epsilon` at `delta` is what the training spent, infinite without noise."""

    def __init__(self, config: PrivateConfig) -> None:
        self.config = config
        self.delta = config.delta

    def fit(self, seen: Interactions, draws: np.random.Generator | None = None) -> Private:
        """Train; without noise gradients are neither clipped nor perturbed.

        Args:
            seen: one row a person.
            draws: what everything random comes from, for tests and evaluations that must be
                repeatable: who knows it can tell who was in the training data, whatever epsilon
                is. By default samples and noise come from the system's entropy, kept nowhere.
        """
        config = self.config
        rng = np.random.default_rng(config.seed) if draws is None else draws
        size = seen.catalogue, config.dimension
        params = [rng.normal(0, 0.1, size), rng.normal(0, 0.1, size), np.zeros(size[0])]
        speed = [np.zeros_like(p) for p in params]
        if draws is None and config.noise:
            rng = np.random.default_rng(np.random.SeedSequence())
        people = np.flatnonzero(seen.lengths > 0)
        held = mean_rows(seen.take(people))
        # Known sizes alone: how many were drawn is not said.
        expected = max(config.sampled * len(people), 1.0)
        for _ in range(config.steps):
            drawn = np.flatnonzero(rng.random(len(people)) < config.sampled)
            grads = _gradients(
                csr_array(held[drawn]), params, config.clip if config.noise else None
            )
            for p, v, g in zip(params, speed, grads, strict=True):
                noise = rng.normal(0, 1, p.shape) * config.noise * config.clip
                v *= config.momentum
                v -= config.learning_rate * (g + noise) / expected
                p += v
        self.inside, self.outside, self.bias = (p.astype(np.float32) for p in params)
        self.delta = min(config.delta, 1 / (2 * max(len(people), 1)))
        self.epsilon = epsilon(config.sampled, config.noise, config.steps, self.delta)
        return self

    def spent(self) -> dict[str, str]:
        """What the training gave away, as tags of a model version."""
        return {
            "shoplake.epsilon": f"{self.epsilon:.3f}",
            "shoplake.delta": f"{self.delta:g}",
            "shoplake.accountant": ACCOUNTANT
            if self.config.noise
            else "none: trained without noise",
        }

    def scores(self, histories: Interactions) -> Floats:
        """Scores [B, C]."""
        vectors = mean_rows(histories).astype(np.float32) @ self.inside
        return product(vectors, self.outside) + self.bias

    def loss(self, histories: Interactions) -> NDArray[np.float64]:
        """What training lowers [B]: the mean of -log p(item) over each history's own items."""
        logits = self.scores(histories).astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -np.asarray((mean_rows(histories) * logits).sum(axis=1)).ravel()


def mean_rows(histories: Interactions) -> csr_array:
    """[P, C]: each row's items, shares that sum to 1."""
    lengths = np.maximum(histories.lengths, 1)
    return histories.matrix(1.0 / np.repeat(lengths, histories.lengths))


def _gradients(
    held: csr_array, params: list[NDArray[np.float64]], clip: float | None
) -> list[NDArray[np.float64]]:
    """Sums over people of gradients of their losses, each clipped to `clip` as a whole."""
    inside, outside, bias = params
    vectors = np.asarray(held @ inside)
    logits = vectors @ outside.T + bias
    chance = np.exp(logits - logits.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    error = chance - held.toarray()
    back = error @ outside
    if clip is not None:
        shown = np.asarray(held.multiply(held).sum(axis=1)).ravel()
        wrong = (error**2).sum(axis=1)
        norm = np.sqrt(wrong * ((vectors**2).sum(axis=1) + 1) + shown * (back**2).sum(axis=1))
        error *= np.minimum(1, clip / np.maximum(norm, 1e-12))[:, None]
        back = error @ outside
    return [np.asarray(held.T @ back), error.T @ vectors, error.sum(axis=0)]
