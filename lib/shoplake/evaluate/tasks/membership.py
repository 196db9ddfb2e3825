"""Was a person in the training data? On the amazon_games, online_retail or dunnhumby layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from shoplake.evaluate.findings import Figure, Findings, compared
from shoplake.evaluate.layouts.purchases import read_purchases
from shoplake.evaluate.layouts.sequences import read_sequences
from shoplake.evaluate.membership import SHADOWS, attacked, forgotten
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.one_truth import one_truth_metrics
from shoplake.evaluate.shop import shop_of
from shoplake.models.recommenders.config import Family, load_family
from shoplake.models.recommenders.interactions import Interactions
from shoplake.models.recommenders.popularity import Popularity, PopularityConfig
from shoplake.models.recommenders.private import Private
from shoplake.runtime.console import tell

PEOPLE, ITEMS, K, BLOCK = 4000, 1000, 10, 500
_STEP = 90
MAIN = f"ndcg@{K}"
ERASED = "plain, after erasure and retraining"


def run(data: Path, train: Path | None, *, seed: int) -> Findings:
    """Attack the recommender trained plainly and with differential privacy.

    Raises:
        EvaluationError: a folder is of neither layout, or holds fewer than 200 histories, or there
            is a training folder.
    """
    if train is not None:
        raise EvaluationError(
            "this task takes no --train",
            where="the task 'membership'",
            remedy="leave it out: half of the people of --data are learned from",
        )
    notes: list[str] = []
    every = _histories(data, notes)
    people, held = sampled(every, seed).without_last()
    private = load_family("private")
    # Steps of a few people each would carry a model without clipping off to infinity.
    share = min(1.0, max(private.config.sampled, _STEP / max(len(people) // 2, 1)))
    kinds = {
        "plain": private.replaced(noise=0.0, steps=600, learning_rate=5.0, sampled=share),
        "plain, as short as private": private.replaced(noise=0.0),
        "private": private,
    }
    values: dict[str, dict[str, np.ndarray]] = {}
    rows: dict[str, dict[str, Figure]] = {}
    spent: dict[str, float] = {}
    for name, family in kinds.items():
        fit = _fitter(family)
        model, inside, attacker = attacked(people, fit, seed)
        rows[name] = attacker.figures()
        out = np.flatnonzero(~inside)
        if not values:
            popular = Popularity(PopularityConfig()).fit(people.take(np.flatnonzero(inside)))
            values["popularity"] = {MAIN: _quality(popular, people.take(out), held[out])}
        values[name] = {MAIN: _quality(model, people.take(out), held[out])}
        spent[name] = model.epsilon
        tell("membership", f"{name}: LiRA AUC {rows[name]['LiRA attack AUC'].value:.4f}")
        if name == "plain":
            again, rows[ERASED] = forgotten(attacker, fit, inside)
            values[ERASED] = {MAIN: _quality(again, people.take(out), held[out])}
            tell("membership", f"{ERASED}: LiRA AUC {rows[ERASED]['LiRA attack AUC'].value:.4f}")
    figures = compared(values, ["popularity"], MAIN, seed=seed)
    for name, found in rows.items():
        figures[name] |= found
    lead = figures["private"][MAIN].lead
    worse = lead is not None and lead[2] < 0
    return Findings(
        "membership",
        {
            "question": "was a person in the half of the people that the model learned from?",
            "people": f"{len(people):,} at random, half of them members; items: the "
            f"{people.catalogue:,} most frequent",
            "attacker": "knows the history, the model and the training procedure; "
            f"{SHADOWS} shadow models on random halves of the same people. Each of the "
            f"{SHADOWS + 1} models is attacked, with the others as shadows: means over them",
            ERASED: "a half of the members, at random, was erased and the rest learned from anew: "
            "can the erased be told from those who never were members? The attacker does not have "
            "the model of before",
            "quality": f"nDCG@{K} of the last item, left out of training, of non-members",
            "privacy": "epsilon "
            + ", ".join(f"{name} {value:.2f}" for name, value in spent.items())
            + f" at delta {private.settings['delta']}; unit: a person's whole history",
            "ties": "neutral",
            "interval": "95% percentile bootstrap over people, of attacks over models too",
            "settings": str(private.settings),
        },
        figures,
        ["popularity"],
        "popularity" if worse else "private",
        MAIN,
        notes=[*notes, *(["what popularity gives away is not measured"] if worse else [])],
    )


def sampled(every: Interactions, seed: int) -> Interactions:
    """At most `PEOPLE` histories of two or more of the `ITEMS` most frequent items.

    Raises:
        EvaluationError: fewer than 200.
    """
    rows = np.random.default_rng(seed).permutation(len(every))
    top = np.argsort(-every.counts(), kind="stable")[:ITEMS]
    index = np.full(every.catalogue, -1)
    index[top] = np.arange(len(top))
    kept = every.where(index[every.items] >= 0)
    kept = Interactions(index[kept.items], kept.offsets, len(top))
    rows = rows[kept.lengths[rows] > 1][:PEOPLE]
    if len(rows) < 200:
        raise EvaluationError(
            f"{len(rows)} people with two interactions are too few to attack",
            remedy="give a folder with more people",
        )
    return kept.take(rows)


def _histories(data: Path, notes: list[str]) -> Interactions:
    if (data / "histories.tsv.gz").exists():
        return read_sequences(data).histories
    shop = shop_of(read_purchases(data, notes), None, [], 30)
    found = shop.purchases.latest().interactions(shop.end)
    return Interactions(found.items, found.offsets, found.catalogue)


def _fitter(family: Family) -> Callable[[Interactions, int], Private]:
    def fit(rows: Interactions, seed: int) -> Private:
        model = family.replaced(seed=seed).build()
        assert isinstance(model, Private)
        # Repeatable: epsilon is of a training whose noise nobody knows.
        return model.fit(rows, np.random.default_rng(seed))

    return fit


def _quality(model: Private | Popularity, people: Interactions, truth: np.ndarray) -> np.ndarray:
    parts = []
    for rows, block in people.blocks(BLOCK):
        scores = model.scores(block)
        scores[block.rows, block.items] = -np.inf
        parts.append(one_truth_metrics(scores, truth[rows], K)["ndcg"])
    return np.concatenate(parts)
