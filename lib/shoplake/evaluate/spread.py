"""What a ranking does besides being right: how much of the catalogue it shows, and which part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.exposure import coverage, gini, item_exposure
from shoplake.evaluate.findings import Figure
from shoplake.serve.selection import best_of

_BLOCK = 2000


def spread(
    shown: NDArray[np.int64],
    count: NDArray[np.int64],
    history_items: NDArray[np.int64],
    vectors: NDArray[np.float32] | None = None,
) -> dict[str, Figure]:
    """Coverage, novelty, Gini of exposure, popularity lift and diversity of the top k.

    Coverage is the share of items that anybody is shown. Novelty is the mean of -log2 of an
    item's share of all interactions (Vargas & Castells, RecSys 2011). The Gini coefficient is of
    the attention 1 / log2(rank + 1) that items get. Popularity lift is the mean popularity of
    what is shown over that of what people chose themselves, less 1 (Abdollahpouri et al., 2020).
    Diversity is that within a list: see `diversity`.

    Args:
        shown: [P, k] item index, best first; -1 where there is none.
        count: [C] interactions of each item in the training data.
        history_items: [N] the items of the judged people's histories.
        vectors: [C, d] of titles, of unit length or 0; None leaves diversity out.
    """
    k = shown.shape[1]
    listed = shown[shown >= 0]
    candidates = np.ones(len(count) + 1, dtype=np.bool_)
    candidates[0] = False
    share = np.maximum(count, 0.5) / max(count.sum(), 1)
    own = share[history_items].mean() if len(history_items) else np.nan
    found = {
        f"coverage@{k}": coverage(shown + 1, candidates),
        f"novelty@{k}": float(-np.log2(share[listed]).mean()),
        f"gini@{k}": gini(item_exposure(shown + 1, len(count) + 1)[1:]),
        f"popularity_lift@{k}": float(share[listed].mean() / own - 1),
    }
    if vectors is not None:
        found[f"diversity@{k}"] = diversity(shown, vectors)
    return {name: Figure(value) for name, value in found.items() if np.isfinite(value)}


def diversity(shown: NDArray[np.int64], vectors: NDArray[np.float32]) -> float:
    """How little the titles within a list read alike: 1 less their mean cosine, over all lists.

    Ziegler et al., "Improving recommendation lists through topic diversification" (WWW 2005). Items
    without a vector are left out; NaN where no list has two others.
    """
    padded = np.concatenate([vectors, np.zeros((1, vectors.shape[1]), np.float32)])
    told = padded.any(axis=1)
    total = lists = 0.0
    for start in range(0, len(shown), _BLOCK):
        some = shown[start : start + _BLOCK]  # -1 is the row of zeros
        size = told[some].sum(axis=1)
        square = (padded[some].sum(axis=1) ** 2).sum(axis=1)
        enough = size > 1
        total += ((square - size) / np.maximum(size * (size - 1), 1))[enough].sum()
        lists += enough.sum()
    return float(1 - total / lists) if lists else float("nan")


def top_items(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The k best items of each row [B, k], best first; -1 where there are fewer candidates."""
    top = best_of(scores, min(k, scores.shape[1]))
    return np.where(np.isneginf(top.scores), -1, top.indices)
