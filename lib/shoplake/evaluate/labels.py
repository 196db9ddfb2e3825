"""What to label next, and what the labels so far have brought: behind `shoplake label`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shoplake.models.labelling.choose import worth_labelling
from shoplake.models.labelling.label_model import fit_label_model
from shoplake.models.labelling.learner import fit_trees, pair_features
from shoplake.models.labelling.votes import GRADES, votes
from shoplake.models.labelling.wrong import class_of, likely_wrong, out_of_fold
from shoplake.models.search.judgements import Judgements

_FOLDS = 5
#: Labels from which on there is an effect to look at.
LEAST = 30
_MOST = 4000


@dataclass(frozen=True)
class Wanted:
    """A pair worth labelling.

    Attributes:
        query, title: the pair.
        rules: the grade that rules without labels give it.
        unsure: how much the learner's committee disagrees, in grades; NaN with too few labels.
    """

    query: str
    title: str
    rules: float
    unsure: float


def wanted(
    labelled: pd.DataFrame, pool: pd.DataFrame, count: int, *, seed: int, base: str | None = None
) -> list[Wanted]:
    """The pairs of the pool that are worth labelling next, most wanted first.

    Args:
        labelled: query, title, relevance.
        pool: query, title without a label.
        count: how many.
        seed: of the draws.
        base: of the cosine among the features (default: that of search).
    """
    if not len(pool) or count < 1:
        return []
    kept = np.random.default_rng(seed).permutation(len(labelled))[:_MOST]
    every = pd.concat([labelled.iloc[kept].assign(own=False), pool.assign(relevance=0.0, own=True)])
    judged = Judgements.of(every)
    own_pairs = set(zip(pool["query"], pool["title"], strict=True))
    pairs = list(zip(judged.queries[judged.query], judged.titles[judged.title], strict=True))
    own = np.array([pair in own_pairs for pair in pairs])
    features = pair_features(judged, base)
    said = votes(features)
    weak = fit_label_model(said).probabilities(said) @ GRADES
    rows = features.to_numpy(dtype=float)
    chosen, unsure = worth_labelling(
        rows[~own], judged.relevance[~own], rows[own], judged.query[own], count, seed=seed
    )
    told = int((~own).sum()) >= 20
    at = np.flatnonzero(own)
    return [
        Wanted(
            pairs[at[i]][0],
            pairs[at[i]][1],
            float(weak[at[i]]),
            float(unsure[i]) if told else float("nan"),
        )
        for i in chosen
    ]


def effect(labelled: pd.DataFrame, *, seed: int, base: str | None = None) -> pd.DataFrame:
    """RMSE on queries without a label as labels grow: columns labels, rmse, low, high, flat.

    Five folds by query; of the other folds' labels 20, 40, ... 100% are learnt from. `low` and
    `high` are the folds' extremes, `flat` the error of the mean grade. The last column but one is
    what the next labels are judged against: a curve that still falls asks for more.

    Args:
        labelled: query, title, relevance; at least `LEAST`.
        seed: of folds and orders.
        base: of the cosine among the features.
    """
    judged = Judgements.of(labelled)
    rows = pair_features(judged, base).to_numpy(dtype=float)
    draw = np.random.default_rng(seed)
    fold = draw.permutation(len(judged.queries))[judged.query] % _FOLDS
    found = []
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        errors, flats, sizes = [], [], []
        for k in np.unique(fold):
            learn, asked = np.flatnonzero(fold != k), fold == k
            have = np.random.default_rng([seed, int(k)]).permutation(learn)
            have = have[: max(5, round(share * len(learn)))]
            trees = fit_trees(rows[have], judged.relevance[have], seed=seed)
            truth = judged.relevance[asked]
            errors.append(np.sqrt(np.mean((trees.predict(rows[asked]) - truth) ** 2)))
            flats.append(np.sqrt(np.mean((judged.relevance[have].mean() - truth) ** 2)))
            sizes.append(len(have))
        found.append((np.mean(sizes), np.mean(errors), min(errors), max(errors), np.mean(flats)))
    return pd.DataFrame(found, columns=["labels", "rmse", "low", "high", "flat"])


def doubted(
    labelled: pd.DataFrame, count: int, *, seed: int, base: str | None = None
) -> pd.DataFrame:
    """The labels that are likeliest wrong: query, title, relevance."""
    judged = Judgements.of(labelled)
    rows = pair_features(judged, base).to_numpy(dtype=float)
    labels = class_of(judged.relevance)
    wrong = likely_wrong(labels, out_of_fold(rows, labels, judged.query, seed=seed))[:count]
    return pd.DataFrame(
        {
            "query": judged.queries[judged.query[wrong]],
            "title": judged.titles[judged.title[wrong]],
            "relevance": judged.relevance[wrong],
        }
    )
