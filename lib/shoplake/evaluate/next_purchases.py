"""The next 30 days' purchases: baselines, families and the ranker over them, by one protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from shoplake.evaluate.findings import Findings, compared, recommended
from shoplake.evaluate.metrics import EvaluationError, Values, ranking_metrics
from shoplake.evaluate.shop import Shop, cuts, known_titles, shop_of
from shoplake.evaluate.spread import spread, top_items
from shoplake.evaluate.timing import timed
from shoplake.models.recommenders.config import OF_TITLES, Family, load_family
from shoplake.models.recommenders.content import title_vectors
from shoplake.models.recommenders.interactions import Recommender
from shoplake.models.recommenders.next_purchases import (
    Moment,
    NextPurchases,
    load_next_purchases,
    without,
)
from shoplake.models.recommenders.purchases import PurchaseFeatures, Purchases
from shoplake.models.recommenders.tuning import Validation, tuned
from shoplake.runtime.console import tell

K, HORIZON, BLOCK = 10, 30, 400
_LEAST = 20
MAIN = f"recall@{K}"
BASELINES = [
    "popularity",
    "recent_popularity",
    "personal_frequency",
    "personal_recency",
    "item_knn",
]
PARTS = ["recent_popularity", "personal", "item_knn", "als", "ease", "content"]


def families() -> dict[str, Family]:
    """The families, set for baskets: an order within a day means nothing."""
    popularity, personal = load_family("popularity"), load_family("personal")
    found = {
        "popularity": popularity.replaced(recent=False).untuned(),
        "recent_popularity": popularity.replaced(recent=True).untuned(),
        "personal_frequency": personal.replaced(by="frequency").untuned(),
        "personal_recency": personal.replaced(by="recency").untuned(),
        "personal": personal,
        "item_knn": load_family("item_knn").replaced(window=0),
        "als": load_family("als"),
        "ease": load_family("ease").replaced(items=4000),
        "content": load_family("content"),
        "ncf": load_family("ncf"),
        "gpt_titles": load_family("gpt_titles"),
    }
    found["item_knn"].grid.pop("gap_decay", None)
    found["item_knn"].grid.pop("backward", None)
    return found


def run(judged: pd.DataFrame, other: pd.DataFrame | None, notes: list[str], seed: int) -> Findings:
    """Judge on the last 30 days of `judged`; see `tasks.purchases.run`."""
    shop = shop_of(judged, other, notes, HORIZON)
    cut, earlier = cuts(shop)
    people = _buyers(shop, cut, shop.end, "to judge on")
    if not earlier:
        raise EvaluationError(
            f"there are no days to learn from before {shop.date(cut)}",
            remedy="give more days before the last ones as --train",
        )
    at, horizon = earlier[0]
    known = _buyers(shop, at, at + horizon, "to choose settings on")
    seconds: dict[str, float] = {}
    with timed(seconds, "content"):
        vectors = title_vectors(known_titles(shop, cut), 96)

    def build(family: Family) -> Recommender:
        extra: dict[str, Any] = {"vectors": vectors} if family.name in OF_TITLES else {}
        return family.build(**extra)

    chosen = _chosen(shop, earlier[0], known, build, seconds, seed)
    examples = []
    for at, horizon in earlier:
        with timed(seconds, "parts"):
            moment = moment_of(shop.purchases, at, chosen, PARTS, build)
        examples.append((moment, shop.purchases.between(at, at + horizon)))
    tell("purchases", f"{len(examples)} earlier cuts fitted in {seconds['parts']:.0f} s")
    rankers = {}
    for name, fresh in (("all", False), ("new", True)):
        with timed(seconds, "hybrid"):
            rankers[name] = NextPurchases(load_next_purchases(), fresh_only=fresh)
            rankers[name].learn(examples, seed)
        tell("purchases", f"ranker for {name} items: {rankers[name].trees} trees")
    with timed(seconds, "parts"):
        moment = moment_of(shop.purchases, cut, chosen, list(chosen), build)
    after = shop.purchases.between(cut, shop.end).truth()
    values, shown = judge(moment, people, csr_array(after[people]), rankers, seconds)
    figures = compared(values, BASELINES, MAIN, seed=seed)
    count = moment.past.truth().sum(axis=0).astype(np.int64)
    for name, top in shown.items():
        figures[name] |= spread(top, count, moment.histories.take(people).items, vectors)
    cold = int(((moment.histories.lengths == 0) & (np.diff(after.indptr) > 0)).sum())
    notes.append(f"{cold:,} people bought for the first time within these days: not judged")
    unknown = moment.unknown
    missed = int(np.isin(after[people].indices, np.flatnonzero(unknown)).sum())
    notes.append(
        f"{unknown.sum():,} items were sold for the first time within these days: no candidates; "
        f"{missed:,} of {after[people].nnz:,} true items are of these and count as missed"
    )
    champion = recommended(figures, BASELINES, MAIN, "hybrid")
    if champion != "hybrid":
        notes.append("the hybrid does not lead the strongest baseline beyond its interval here")
    settings = {name: family.settings for name, family in chosen.items()}
    return Findings(
        "purchases",
        {**_protocol(shop, cut, earlier, after[people]), "chosen settings": settings},
        figures,
        BASELINES,
        champion,
        MAIN,
        notes,
        seconds,
    )


def _buyers(shop: Shop, at: int, stop: int, purpose: str) -> np.ndarray:
    """Who bought both before a day and from it to `stop` - 1, by index.

    Raises:
        EvaluationError: too few did.
    """
    before = shop.purchases.between(-(10**6), at).interactions(at).lengths > 0
    people = np.flatnonzero(before & (np.diff(shop.purchases.between(at, stop).truth().indptr) > 0))
    if len(people) < _LEAST:
        raise EvaluationError(
            f"only {len(people)} people bought both before {shop.date(at)} and in the "
            f"{stop - at} days from then on: too few {purpose}",
            remedy=f"give a folder with more people, or a longer period: it takes {_LEAST} of them",
        )
    return people


def moment_of(
    purchases: Purchases,
    cut: int,
    chosen: dict[str, Family],
    names: list[str],
    build: Callable[[Family], Recommender],
) -> Moment:
    """What is known at a cut, with the named families fitted on it."""
    past = purchases.between(-(10**6), cut)
    histories = past.interactions(cut)
    once = past.latest().interactions(cut)
    parts = {}
    for name in names:
        family = chosen[name]
        parts[name] = build(family).fit(histories if family.name[0] == "p" else once)
    return Moment(past, histories, PurchaseFeatures(past, cut), parts)


def _chosen(
    shop: Shop,
    latest: tuple[int, int],
    people: np.ndarray,
    build: Callable[[Family], Recommender],
    seconds: dict[str, float],
    seed: int,
) -> dict[str, Family]:
    """The families with settings chosen on the latest earlier cut."""
    at, horizon = latest
    past = shop.purchases.between(-(10**6), at)
    truth = shop.purchases.between(at, at + horizon).truth()
    histories = past.interactions(at)
    people = np.sort(np.random.default_rng(seed).permutation(people)[:1500])
    validation = Validation(past.latest().interactions(at), histories.take(people), truth[people])

    unknown = histories.counts() == 0

    def measure(model: Recommender, on: Validation) -> float:
        total = 0.0
        for rows, block in on.histories.blocks(BLOCK):
            scores = without(model.scores(block), unknown)
            found = ranking_metrics(scores, csr_array(on.truth[rows]), K)
            total += found["ndcg"].sum()
        return total / len(on.histories)

    chosen = {}
    for name, family in families().items():
        if not family.grid:
            chosen[name] = family
            continue
        with timed(seconds, name):
            chosen[name], _, value = tuned(family, validation, measure, build)
        tell("purchases", f"{name}: settings in {seconds[name]:.0f} s, nDCG {value:.4f}")
    return chosen


def judge(
    moment: Moment,
    people: np.ndarray,
    truth: csr_array,
    rankers: dict[str, NextPurchases],
    seconds: dict[str, float],
) -> tuple[dict[str, dict[str, Values]], dict[str, np.ndarray]]:
    """Per-person metrics and the top k of every model; NaN where nothing new was bought."""
    values: dict[str, dict[str, list[Values]]] = {}
    shown: dict[str, list[np.ndarray]] = {}
    start = 0
    for rows, block, every in moment.blocks(people, BLOCK):
        wanted = csr_array(truth[start : start + len(rows)])
        start += len(rows)
        own = np.zeros(wanted.shape, dtype=np.bool_)
        own[block.rows, block.items] = True
        fresh = csr_array(np.where(own, 0, wanted.toarray()))
        parts = {name: every[name] for name in PARTS}
        with timed(seconds, "hybrid"):
            every["hybrid"] = rankers["all"].rank(moment, rows, block, parts)
            new = rankers["new"].rank(moment, rows, block, parts)
        for name, scores in every.items():
            found = _metrics(scores, wanted, "")
            masked = new if name == "hybrid" else np.where(own, -np.inf, scores)
            found |= _metrics(masked.astype(np.float32), fresh, " new")
            found[f"{MAIN} light"] = np.where(block.lengths <= 10, found[MAIN], np.nan)
            for metric, at in found.items():
                values.setdefault(name, {}).setdefault(metric, []).append(at)
            shown.setdefault(name, []).append(top_items(scores, K))
    joined = {
        name: {metric: np.concatenate(parts) for metric, parts in row.items()}
        for name, row in values.items()
    }
    return joined, {name: np.concatenate(tops) for name, tops in shown.items()}


def _metrics(scores: np.ndarray, truth: csr_array, suffix: str) -> dict[str, Values]:
    found = ranking_metrics(scores, truth, K)
    size = np.diff(truth.indptr)
    with np.errstate(invalid="ignore"):
        capped = found["recall"] * size / np.minimum(np.maximum(size, 1), K)
    return {
        f"recall@{K}{suffix}": found["recall"],
        f"ndcg@{K}{suffix}": found["ndcg"],
        f"capped_recall@{K}{suffix}": capped,
    }


def _protocol(
    shop: Shop, cut: int, earlier: list[tuple[int, int]], truth: csr_array
) -> dict[str, Any]:
    items = len(np.unique(shop.purchases.between(-(10**6), cut).item))
    return {
        "question": f"all items each person buys in the {shop.horizon} days from {shop.date(cut)}",
        "learned on": f"{len(shop.purchases.between(-(10**6), cut)):,} purchases (person, item, "
        f"day) before {shop.date(cut)}",
        "settings": f"chosen on the {earlier[0][1]} days from {shop.date(earlier[0][0])}; the "
        f"ranker learned from {len(earlier)} cuts up to then",
        "candidates": f"all {items:,} items that anybody had bought before {shop.date(cut)}; "
        "`new`: those that the person had not",
        "ties": "neutral: the expectation over all orders of equal scores",
        "metrics": f"recall: hits in the top {K} / all true items; capped_recall: / min({K}, true)",
        "interval": "95% percentile bootstrap over people, 1,000 resamples; leads are paired",
        "units": f"{truth.shape[0]:,} people with purchases before and after the cut, "
        f"{truth.nnz / max(truth.shape[0], 1):.1f} true items each",
        "light": "people with at most 10 purchases (person, item, day) before the cut",
    }
