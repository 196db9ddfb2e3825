"""What the exposure re-ranker does to the gap and to quality, on purchases after a cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from shoplake.evaluate.exposure import exposure_share
from shoplake.evaluate.findings import Figure, Findings, compared
from shoplake.evaluate.metrics import EvaluationError, Values, ranking_metrics
from shoplake.evaluate.next_purchases import moment_of
from shoplake.evaluate.shop import Shop, cuts, shop_of
from shoplake.models.recommenders.config import Family, load_family
from shoplake.models.recommenders.purchases import Purchases
from shoplake.runtime.console import tell
from shoplake.serve.fairness import POOL, FairExposure, fair_exposure, gap
from shoplake.serve.selection import TopK, best_of

K, BLOCK, MERIT_DAYS, CLOSED = 10, 512, 90, 0.6
_TOLD = 5
MAIN = f"ndcg@{K}"
MODELS = ["personal", "item_knn", "ease"]
GAP = "exposure gap"
#: More groups than this are pooled, those that are due less than a share of the exposure.
MOST_GROUPS, LEAST_DUE = 1_000, 0.002


def run(judged: pd.DataFrame, other: pd.DataFrame | None, notes: list[str], seed: int) -> Findings:
    """Judge each model with and without the re-ranker, as batch scoring applies it."""
    shop = shop_of(judged, other, notes, 30)
    cut, _ = cuts(shop)
    groups, by = groups_of(shop)
    late = shop.purchases.between(cut - MERIT_DAYS - untold_days(shop, cut), cut)
    merit = np.concatenate([[0], buyers(late)])
    if len(set(groups)) > MOST_GROUPS:
        groups, by = pooled(groups, merit[1:]), f"{by}; those due less than {LEAST_DUE:.1%} are one"
    fair = fair_exposure(np.concatenate([[""], groups]).astype(object), merit, CLOSED)
    families = {
        "personal": load_family("personal"),
        "item_knn": load_family("item_knn").replaced(window=0),
        "ease": load_family("ease").replaced(items=4000),
    }
    moment = moment_of(shop.purchases, cut, families, MODELS, Family.build)
    truth = shop.purchases.between(cut, shop.end).truth()
    people = np.flatnonzero((moment.histories.lengths > 0) & (np.diff(truth.indptr) > 0))
    if len(people) < 20:
        raise EvaluationError(
            f"only {len(people)} people bought both before and within the last 30 days",
            remedy="give a folder with more people, or a longer period",
        )
    values: dict[str, dict[str, list[Values]]] = {}
    exposed: dict[str, list[NDArray[np.float64]]] = {}
    shown: dict[str, list[NDArray[np.int64]]] = {}
    for rows, _, every in moment.blocks(people, BLOCK):
        wanted = csr_array(truth[rows])
        for name, scores in every.items():
            # Column 0 of serving is the padding.
            best = _candidates(scores)
            plain = TopK(best.indices[:, :K], best.scores[:, :K])
            for label, kept in ((name, plain), (f"{name}, fair", fair.rerank(best, K))):
                found = _quality(kept, wanted)
                for metric, at in found.items():
                    values.setdefault(label, {}).setdefault(metric, []).append(at)
                exposed.setdefault(label, []).append(exposure(kept.indices, fair))
                shown.setdefault(label, []).append(kept.indices)
    joined = {
        name: {metric: np.concatenate(parts) for metric, parts in row.items()}
        for name, row in values.items()
    }
    figures = compared(joined, MODELS, MAIN, seed=seed)
    for name, parts in exposed.items():
        figures[name][GAP] = gap_figure(np.concatenate(parts), fair.target, seed)
    for name in MODELS:
        figures[f"{name}, fair"] |= _costs(joined, exposed, name, fair.target, seed)
    tell("fairness", f"{len(people):,} people, {len(fair.target):,} groups by {by}")
    champion = max(MODELS, key=lambda name: figures[name][MAIN].value)
    return Findings(
        "fairness",
        {
            **_protocol(shop, cut, by, len(people), len(fair.target)),
            "most exposed groups": {
                name: _most_exposed(np.concatenate(shown[name]), groups)
                for name in (champion, f"{champion}, fair")
            },
        },
        figures,
        MODELS,
        f"{champion}, fair" if _worth(figures[f"{champion}, fair"]) else champion,
        MAIN,
        notes,
    )


def _most_exposed(shown: NDArray[np.int64], groups: NDArray[np.object_]) -> str:
    table = exposure_share(shown, np.concatenate([[None], groups]))
    return ", ".join(
        f"{row.group or '(none)'} {row.exposure_share:.1%} with {row.catalogue_share:.1%} of items"
        for row in table.head(_TOLD).itertuples(index=False)
    )


def buyers(past: Purchases) -> NDArray[np.int64]:
    """How many people bought each item [C]."""
    return np.asarray((past.truth() != 0).sum(axis=0)).ravel().astype(np.int64)


def exposure(indices: NDArray[np.int64], fair: FairExposure) -> NDArray[np.float64]:
    """What each person's list [P, k] gives each group [P, G]."""
    found = np.zeros((len(indices), len(fair.target)))
    rows, ranks = np.nonzero(indices)
    np.add.at(found, (rows, fair.groups[indices[rows, ranks]]), 1 / np.log2(ranks + 2))
    return found


def gap_figure(exposed: NDArray[np.float64], target: NDArray[np.float64], seed: int) -> Figure:
    """The gap of all lists together, with a bootstrap interval over people."""
    draws = _draws(len(exposed), seed) @ exposed
    found = np.abs(draws / draws.sum(axis=1, keepdims=True) - target).sum(axis=1) / 2
    low, high = np.percentile(found, [2.5, 97.5])
    total = exposed.sum(axis=0)
    return Figure(gap(total / total.sum(), target), float(low), float(high))


def _costs(
    values: dict[str, dict[str, Values]],
    exposed: dict[str, list[NDArray[np.float64]]],
    name: str,
    target: NDArray[np.float64],
    seed: int,
) -> dict[str, Figure]:
    """The share of nDCG lost and the share of the gap closed, paired by person."""
    before, after = values[name][MAIN], values[f"{name}, fair"][MAIN]
    draws = _draws(len(before), seed)
    lost = 1 - (draws @ after) / np.maximum(draws @ before, 1e-12)
    gaps = []
    for label in (name, f"{name}, fair"):
        shown = draws @ np.concatenate(exposed[label])
        gaps.append(np.abs(shown / shown.sum(axis=1, keepdims=True) - target).sum(axis=1) / 2)
    closed = 1 - gaps[1] / np.maximum(gaps[0], 1e-12)
    whole = [
        gap_figure(np.concatenate(exposed[label]), target, seed).value
        for label in (name, f"{name}, fair")
    ]
    return {
        "nDCG lost": _between(1 - after.sum() / max(before.sum(), 1e-12), lost),
        "gap closed": _between(1 - whole[1] / max(whole[0], 1e-12), closed),
    }


def _between(value: float, draws: NDArray[np.float64]) -> Figure:
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(float(value), float(low), float(high))


def _draws(people: int, seed: int, resamples: int = 1000) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    even = np.full(people, 1 / people)
    return rng.multinomial(people, even, size=resamples).astype(np.float64)


def _worth(row: dict[str, Figure]) -> bool:
    return row["gap closed"].value >= 0.5 and row["nDCG lost"].value <= 0.01


def _candidates(scores: np.ndarray) -> TopK:
    """The pool of each person; items count from 1, 0 is none."""
    found = best_of(scores.astype(np.float32), min(POOL, scores.shape[1]))
    return TopK(np.where(np.isneginf(found.scores), 0, found.indices + 1), found.scores)


def _quality(kept: TopK, wanted: csr_array) -> dict[str, Values]:
    people, items = wanted.shape
    places = np.full((people, items + 1), -np.inf, dtype=np.float32)
    places[np.arange(people)[:, None], kept.indices] = -np.arange(kept.indices.shape[1])
    scores = places[:, 1:]
    found = ranking_metrics(scores, wanted, K)
    return {MAIN: found["ndcg"], f"recall@{K}": found["recall"]}


def groups_of(shop: Shop) -> tuple[NDArray[np.object_], str]:
    """A name for each item, and what it is.

    Who makes or sells it, else its category, else the first two signs of its id.
    """
    if len(set(shop.sellers)) > 1:
        return np.array(shop.sellers, dtype=object), "seller"
    if len(set(shop.categories)) > 1:
        return np.array(shop.categories, dtype=object), "category"
    names = np.array([item[:2] for item in shop.items], dtype=object)
    return names, "the first two signs of the item's id, for want of sellers"


def pooled(groups: NDArray[np.object_], merit: NDArray[Any]) -> NDArray[np.object_]:
    """The groups [C], those that are due less than `LEAST_DUE` as one.

    Of thousands of groups most lists can hold none, and the gap is mostly chance.

    Args:
        groups: of each item.
        merit: of each item.
    """
    _, place = np.unique(groups.astype(str), return_inverse=True)
    due = np.bincount(place, merit) / max(float(merit.sum()), 1e-12)
    return np.where(due[place] < LEAST_DUE, "(small ones)", groups)


def untold_days(shop: Shop, cut: int) -> int:
    """How many days of which neither folder tells lie in the last `MERIT_DAYS` before the cut."""
    first, again = shop.untold
    return again - first if cut - MERIT_DAYS < again <= cut else 0


def _protocol(shop: Shop, cut: int, by: str, people: int, groups: int) -> dict[str, Any]:
    return {
        "question": "exposure of groups and quality, on the "
        f"{shop.horizon} days from {shop.date(cut)}",
        "groups": f"{groups:,}, by {by}",
        "exposure": f"1 / log2(rank + 1) of each place of the top {K}, over all people",
        "due": f"a group's share of (person, item) purchases in the {MERIT_DAYS} days before",
        "gap": "half the sum of absolute differences between shares of exposure and shares due",
        "re-ranker": f"prices by group found in blocks of {BLOCK} people from their {POOL} best; "
        f"asked to close {CLOSED:.0%} of each block's gap; it sees no purchase after the cut",
        "settings": "as in conf/models, untuned",
        "interval": "95% percentile bootstrap over people, 1,000 resamples; losses are paired",
        "units": f"{people:,} people with purchases before and after the cut",
    }
