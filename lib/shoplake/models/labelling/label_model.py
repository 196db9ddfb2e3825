"""One opinion from many votes, without labels: Dawid & Skene 1979, by expectation-maximisation.

Each voter has its own table of mistakes; the classes of pairs are guessed from all votes, and the
tables from the guesses, in turn. It is the label model of data programming (Ratner et al. 2016)
with voters that are independent given the class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shoplake.models.labelling.votes import GRADES, NONE, Votes

Floats = NDArray[np.float64]
CLASSES = len(GRADES)
_SMOOTH = 1.0


@dataclass(frozen=True)
class LabelModel:
    """What was learnt of voters.

    Attributes:
        prior: share of each class [C].
        says: chance that a voter says c' where the class is c, if it votes [voters, C, C].
    """

    prior: Floats
    says: Floats

    def probabilities(self, votes: Votes) -> Floats:
        """Chance of each class for each row of votes [n, C]."""
        found = np.tile(np.log(self.prior), (len(votes), 1))
        for voter, table in enumerate(np.log(self.says)):
            there = votes[:, voter] != NONE
            found[there] += table[:, votes[there, voter]].T
        found -= found.max(axis=1, keepdims=True)
        chance = np.exp(found)
        return np.asarray(chance / chance.sum(axis=1, keepdims=True))

    def accuracy(self) -> Floats:
        """How often a voter that votes is right, by what was learnt [voters]."""
        return np.einsum("vcc,c->v", self.says, self.prior)


def fit_label_model(votes: Votes, *, rounds: int = 50) -> LabelModel:
    """Learn from votes alone, starting from the majority: most voters must be right mostly.

    Args:
        votes: class or -1 [n, voters].
        rounds: of expectation-maximisation.
    """
    share = np.stack([(votes == c).sum(axis=1) for c in range(CLASSES)], axis=1) + 1 / CLASSES
    chance = share / share.sum(axis=1, keepdims=True)
    model = _tables(votes, chance)
    for _ in range(rounds):
        chance = model.probabilities(votes)
        model = _tables(votes, chance)
    return model


def _tables(votes: Votes, chance: Floats) -> LabelModel:
    says = np.empty((votes.shape[1], CLASSES, CLASSES))
    for voter in range(votes.shape[1]):
        for said in range(CLASSES):
            says[voter, :, said] = chance[votes[:, voter] == said].sum(axis=0) + _SMOOTH
    prior = chance.sum(axis=0) + _SMOOTH
    return LabelModel(prior / prior.sum(), says / says.sum(axis=2, keepdims=True))
