"""What a ranking does besides being right: how much of the catalogue it shows, and which part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shoplake.evaluate.exposure import coverage, gini, item_exposure
from shoplake.evaluate.findings import Figure
from shoplake.serve.topk import select


def spread(
    shown: NDArray[np.int64], count: NDArray[np.int64], history_items: NDArray[np.int64]
) -> dict[str, Figure]:
    """Coverage, novelty, Gini of exposure and popularity lift of the top k.

    Coverage is the share of items that anybody is shown. Novelty is the mean of -log2 of an
    item's share of all interactions (Vargas & Castells, RecSys 2011). The Gini coefficient is of
    the attention 1 / log2(rank + 1) that items get. Popularity lift is the mean popularity of
    what is shown over that of what people chose themselves, less 1 (Abdollahpouri et al., 2020).

    Args:
        shown: [P, k] item index, best first; -1 where there is none.
        count: [C] interactions of each item in the training data.
        history_items: [N] the items of the judged people's histories.
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
    return {name: Figure(value) for name, value in found.items() if np.isfinite(value)}


def top_items(scores: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The k best items of each row [B, k], best first; -1 where there are fewer candidates."""
    top = select(np.ascontiguousarray(scores), k)
    order = np.argsort(-top.scores, axis=1, kind="stable")
    best = np.take_along_axis(top.indices, order, 1)
    best[np.isneginf(np.take_along_axis(top.scores, order, 1))] = -1
    return best
