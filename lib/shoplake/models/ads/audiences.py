"""Lookalike audiences: people whose vectors are near those of a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.models.ads.examples import Floats
from shoplake.models.ads.settings import AudienceConfig


@dataclass(frozen=True)
class Audience:
    """People in order of similarity.

    Attributes:
        name: of the audience.
        people: [m] indices, most alike first.
        similarity: [m] cosine with the seed's mean vector.
        is_seed: [m] whether the person is of the seed.
    """

    name: str
    people: NDArray[np.int64]
    similarity: Floats
    is_seed: NDArray[np.bool_]


def person_vectors(counts: csr_array, dimension: int, seed: int) -> Floats:
    """Unit vectors of people [P, d] from what they did with items [P, I]; 0 for the inactive.

    Truncated SVD of log counts with items weighed by rarity: latent semantic analysis (Deerwester
    et al. 1990) with people as documents.
    """
    from sklearn.utils.extmath import randomized_svd

    seen = counts.copy().astype(float)
    seen.data = np.log1p(seen.data)
    people_of = np.bincount(seen.indices, minlength=seen.shape[1])
    weighed = seen * np.log1p(seen.shape[0] / np.maximum(people_of, 1))[None]
    rank = min(dimension, min(seen.shape) - 1)
    if rank < 1:
        return np.zeros((seen.shape[0], 1))
    left, size, _ = randomized_svd(csr_array(weighed), n_components=rank, random_state=seed)
    vectors = left * size
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12))


def lookalikes(
    vectors: Floats, seeds: dict[str, NDArray[np.int64]], config: AudienceConfig
) -> Iterator[Audience]:
    """The audience of each seed of `seed_minimum` people, if it has `minimum` itself.

    People without a vector are in none.

    Args:
        vectors: [P, d] of the people who may be addressed, of `person_vectors`.
        seeds: name -> indices of people.
        config: settings.
    """
    active = np.flatnonzero(np.linalg.norm(vectors, axis=1) > 0)
    size = max(int(config.share * len(vectors)), config.minimum)
    for name in sorted(seeds):
        seed = seeds[name]
        centre = vectors[seed].sum(axis=0)
        length = float(np.linalg.norm(centre))
        if len(seed) < config.seed_minimum or length == 0:
            continue
        similarity = vectors[active] @ centre / length
        best = np.argsort(-similarity, kind="stable")[:size]
        if len(best) < config.minimum:
            continue
        people = active[best]
        yield Audience(name, people, similarity[best], np.isin(people, seed))
