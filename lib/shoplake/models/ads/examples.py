"""What a response model reads: numbers and categories of people, offers and both together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.errors import ShoplakeError

Floats = NDArray[np.float64]


class AdsError(ShoplakeError):
    """There is too little to learn a response from, or it is not of one form."""


@dataclass(frozen=True)
class Examples:
    """n rows of features.

    Attributes:
        numbers: [n, F] float32, NaN where unknown.
        categories: [n, C] codes from 0, below `sizes`; 0 is unknown.
        sizes: [C] how many codes each category has.
        number_names, category_names: of the columns.
    """

    numbers: NDArray[np.float32]
    categories: NDArray[np.int64]
    sizes: tuple[int, ...]
    number_names: tuple[str, ...]
    category_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: NDArray[np.int64]) -> Examples:
        """These rows only."""
        return Examples(
            self.numbers[rows],
            self.categories[rows],
            self.sizes,
            self.number_names,
            self.category_names,
        )


def sample(
    response: NDArray[np.bool_], negatives: int, seed: int
) -> tuple[NDArray[np.int64], Floats]:
    """All responses and at most `negatives` others for each, with the weights that make up for it.

    Raises:
        AdsError: nobody responded, or everybody did.
    """
    yes, no = np.flatnonzero(response), np.flatnonzero(~response)
    if not len(yes) or not len(no):
        raise AdsError(
            f"{len(yes):,} of {len(response):,} examples are responses",
            remedy="give a longer period, with people who responded and people who did not",
        )
    drawn = np.random.default_rng(seed).permutation(no)[: negatives * len(yes)]
    rows = np.sort(np.concatenate([yes, drawn]))
    return rows, np.where(response[rows], 1.0, len(no) / len(drawn))
