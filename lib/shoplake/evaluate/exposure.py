"""Who gets seen: how recommendations spread attention over sellers, brands and the catalogue."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def exposure_share(recommended: NDArray[np.int64], groups: NDArray[np.object_]) -> pd.DataFrame:
    """Each group's share of the attention that the top-k hands out, and of the catalogue.

    A place at rank r gets 1 / log2(r + 1) of attention (Singh & Joachims, "Fairness of exposure in
    rankings", KDD 2018).

    Args:
        recommended: [P, k] item_index, best first, 0-padded.
        groups: [C] seller or brand by item_index; None is a group of its own, shown as "(none)".

    Returns:
        group, items, catalogue_share, exposure_share, ratio (exposure / catalogue; 1 is
        proportional), most exposed first.
    """
    attention = item_exposure(recommended, len(groups))
    names = ["(none)" if group is None else group for group in groups[1:]]
    table = (
        pd.DataFrame({"group": names, "attention": attention[1:]})
        .groupby("group", as_index=False)
        .agg(items=("attention", "size"), attention=("attention", "sum"))
    )
    table["catalogue_share"] = table["items"] / table["items"].sum()
    table["exposure_share"] = table["attention"] / max(table["attention"].sum(), 1e-12)
    table["ratio"] = table["exposure_share"] / table["catalogue_share"]
    return (
        table.drop(columns="attention")
        .sort_values(["exposure_share", "group"], ascending=[False, True])
        .reset_index(drop=True)
    )


def item_exposure(recommended: NDArray[np.int64], columns: int) -> NDArray[np.float64]:
    """The attention each item gets [C]; 0 for the padding."""
    weights = 1 / np.log2(np.arange(2, recommended.shape[1] + 2))
    attention = np.bincount(
        recommended.ravel(), np.broadcast_to(weights, recommended.shape).ravel(), minlength=columns
    ).astype(np.float64)
    attention[0] = 0
    return attention


def coverage(recommended: NDArray[np.int64], candidates: NDArray[np.bool_]) -> float:
    """Share of the candidates [C] that at least one person gets."""
    shown = np.zeros(len(candidates), dtype=np.bool_)
    shown[recommended.ravel()] = True
    return float((shown & candidates).sum() / max(candidates.sum(), 1))


def gini(amounts: NDArray[np.float64]) -> float:
    """Gini coefficient of amounts >= 0: 0 when all are equal, near 1 when one has everything.

    NaN when there is nothing to share out.
    """
    ordered = np.sort(amounts)
    total = ordered.sum()
    if not total:
        return float("nan")
    ranks = np.arange(1, len(ordered) + 1)
    return float(((2 * ranks - len(ordered) - 1) * ordered).sum() / (len(ordered) * total))
