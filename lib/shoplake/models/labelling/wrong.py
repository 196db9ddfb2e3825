"""Labels that are likely wrong: confident learning (Northcutt, Jiang & Chuang, JAIR 2021)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shoplake.models.labelling.label_model import CLASSES
from shoplake.models.labelling.learner import Floats, fit_trees
from shoplake.models.labelling.votes import CUTS

_FOLDS = 5


def class_of(grades: Floats) -> NDArray[np.int64]:
    """0, 1 or 2 of each grade."""
    return np.searchsorted(np.array(CUTS), grades, side="right").astype(np.int64)


def out_of_fold(
    rows: Floats, labels: NDArray[np.int64], group: NDArray[np.int64], *, seed: int
) -> Floats:
    """Chance of each class by trees that saw no label of the pair's query [n, C]."""
    fold = np.random.default_rng(seed).permutation(int(group.max()) + 1)[group] % _FOLDS
    found = np.full((len(rows), CLASSES), 1 / CLASSES)
    for k in np.unique(fold):
        learn, asked = fold != k, fold == k
        for c in range(CLASSES):
            trees = fit_trees(rows[learn], (labels[learn] == c).astype(float), seed=seed)
            found[asked, c] = np.clip(trees.predict(rows[asked]), 0.01, 0.99)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def likely_wrong(labels: NDArray[np.int64], chance: Floats) -> NDArray[np.int64]:
    """Indices of labels that are likely wrong, likeliest first.

    A pair is counted as of another class if that class's chance reaches what pairs labelled so
    have on average; the gap between the chances orders them.

    Args:
        labels: class given [n].
        chance: of each class, out of sample [n, C].
    """
    least = np.array(
        [chance[labels == c, c].mean() if (labels == c).any() else 2.0 for c in range(CLASSES)]
    )
    sure = np.where(chance >= least, chance, 0)
    said = sure.argmax(axis=1)
    wrong = np.flatnonzero((sure.max(axis=1) > 0) & (said != labels))
    gap = chance[wrong, said[wrong]] - chance[wrong, labels[wrong]]
    return wrong[np.argsort(-gap, kind="stable")]
