"""A trained model as arrays whose dot products are scores: small, picklable, without BERT."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from shoplake.models.two_tower import PersonTower

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
_PRIORS = 2


class TwoTowerScorer:
    """Scores of any person for a catalogue of C = N + 1 items by item_index, row 0 padding.

    The score of person p for item i is

        people(...)[p] @ items[i]  +  own_adjustment(...)[p, h]  where history[p, h] == i

    The last two columns of `items` are log_popularity and log_recent, and those of `people` the
    weights this person's score gives them; all columns before are the towers' vectors.
    """

    def __init__(
        self, items: Floats, person_tower: PersonTower, slope: float, offset: float
    ) -> None:
        self._items = items
        self._tower = person_tower
        self._slope, self._offset = slope, offset

    @property
    def items(self) -> Floats:
        """Item vectors [C, d + 2] float32; row 0 is zeros."""
        return self._items

    @torch.no_grad()
    def people(self, history: Ints, counts: Ints, days: Ints) -> Floats:
        """Person vectors [P, d + 2] float32.

        Args:
            history: [P, H] item_index, newest first, 0-padded.
            counts: [P, H] how often the person bought that item.
            days: [P, H] days since the person last touched it.
        """
        vectors = torch.from_numpy(self._items[history, :-_PRIORS])
        inside = torch.from_numpy(history > 0)
        people = self._tower(vectors, inside, torch.from_numpy(counts), torch.from_numpy(days))
        return torch.cat([people.vectors, people.priors], 1).numpy()

    @torch.no_grad()
    def own_adjustment(self, counts: Ints, days: Ints) -> Floats:
        """What being in the history adds to an item's score [P, H] float32."""
        return self._tower.own(torch.from_numpy(counts), torch.from_numpy(days)).numpy()

    def probability(self, scores: Floats) -> Floats:
        """The expected interest in [0, 1] for scores of any shape.

        Calibrated on training examples, where about half are sampled negatives; for the share of
        the whole catalogue, calibrate again on what was shown.
        """
        logits = np.clip(self._slope * scores + self._offset, -60, 60)
        return (1 / (1 + np.exp(-logits))).astype(np.float32)
