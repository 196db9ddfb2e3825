"""A re-ranker that gives groups of products (brands, sellers) the exposure they have earned.

Exposure of a place at rank r is 1 / log2(r + 1) (Singh & Joachims, "Fairness of exposure in
rankings", KDD 2018). Each group has a target share of all exposure; how far a block of lists is
from it is the gap, half the sum of absolute differences of shares. A price for each group, found
by dual ascent on what the block shows, is added to the scores of its products before the best k
are taken (the Lagrangian form of amortised fairness: Biega et al., "Equity of attention", SIGIR
2018; Xu et al., "P-MMF: Provider max-min fairness re-ranking", WWW 2023). Nothing of a person's
own is changed but the order of products that were near each other anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.serve.catalogue import Catalogue
from shoplake.serve.scorer import Floats, Ints
from shoplake.serve.selection import TopK
from shoplake.serve.settings import ServeError, ServeSettings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: Candidates a person that the re-ranker chooses from, at least.
POOL = 50
_ROUNDS, _STEP, _SLOWER = 60, 4.0, 0.85
#: How far apart two neighbouring candidates are at least, of what lies between the top and place k.
_APART = 0.1


def candidates(k: int) -> int:
    """How many candidates a person it takes to re-rank lists of k: well more than k."""
    return max(POOL, 3 * k)


@dataclass(frozen=True)
class FairExposure:
    """Who is to be shown how much.

    Attributes:
        groups: [C] group of each item, from 0; row 0, the padding, belongs to none that counts.
        target: [G] share of exposure that each group is due; sums to 1.
        closed: the share of the gap to close, 0 (nothing) to 1.
    """

    groups: Ints
    target: NDArray[np.float64]
    closed: float

    def __post_init__(self) -> None:
        if not 0 <= self.closed <= 1:
            raise ServeError(
                f"the share of the gap to close is {self.closed}",
                where="conf/serve.yml: fair_exposure",
                remedy="set it from 0 (off) to 1",
            )

    def rerank(self, best: TopK, k: int) -> TopK:
        """The k of each person's candidates that bring the block nearer to the target.

        Args:
            best: [P, n] candidates, best first, n >= k; padding is (0, -inf).
            k: how many are shown.

        Returns:
            [P, k] with the model's own scores; rows are no longer in the order of these.
        """
        if not self.closed or best.indices.shape[1] <= k or not (best.indices > 0).any():
            return TopK(best.indices[:, :k], best.scores[:, :k])
        value, of = scaled(best, k), self.groups[best.indices]
        size = len(self.target)
        before = shares(of[:, :k], best.indices[:, :k] > 0, size)
        aim = before + self.closed * (self.target - before)
        price, order = np.zeros(size), np.argsort(-value, axis=1, kind="stable")
        nearest = last = np.inf
        rate = _STEP
        for _ in range(_ROUNDS):
            found = np.argsort(-(value + price[of]), axis=1, kind="stable")[:, :k]
            shown = np.take_along_axis(of, found, 1)
            there = np.take_along_axis(best.indices, found, 1) > 0
            now = shares(shown, there, size)
            apart = gap(now, aim)
            if apart < nearest:
                nearest, order = apart, found
            # Farther off than before: the step was too long.
            rate *= _SLOWER if apart >= last else 1.0
            last = apart
            price += rate * (aim - now)
        return TopK(
            np.take_along_axis(best.indices, order[:, :k], 1),
            np.take_along_axis(best.scores, order[:, :k], 1),
        )


def scaled(best: TopK, k: int) -> NDArray[np.float64]:
    """Scores [P, n] on one scale for all people: 1 at the top, 0 at place k; padding is -inf.

    Then each is lowered by its place, or the smallest price would turn over all who are tied, or
    nearly, and no price close a part of the gap.
    """
    finite = np.isfinite(best.scores)
    top = best.scores[:, :1].astype(np.float64)
    there = np.where(finite[:, :k], best.scores[:, :k], np.inf).min(axis=1, keepdims=True)
    width = np.maximum(np.where(np.isfinite(top), top - there, 1.0), 1e-9)
    with np.errstate(invalid="ignore"):
        value = np.where(finite, (best.scores - there) / width, -np.inf)
    return value - _APART * np.arange(best.scores.shape[1]) / k


def shares(groups: Ints, there: NDArray[np.bool_], size: int) -> NDArray[np.float64]:
    """Each group's share of the exposure [G] of lists of groups [P, k]; `there`: no padding."""
    weights = np.broadcast_to(1 / np.log2(np.arange(2, groups.shape[1] + 2)), groups.shape)
    found = np.bincount(groups[there], weights[there], minlength=size).astype(np.float64)
    return found / max(found.sum(), 1e-12)


def gap(exposure: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """Half the sum of absolute differences: the share of exposure that is in the wrong place."""
    return float(np.abs(exposure - target).sum() / 2)


def fair_exposure(names: NDArray[np.object_], merit: Floats | Ints, closed: float) -> FairExposure:
    """Groups by name, each due the share of its products in `merit`.

    Args:
        names: [C] brand or seller by item_index; products without one are a group of their own.
        merit: [C] what each product earned, for instance people who bought it of late; row 0 and
            negative amounts do not count. A group without any is due nothing, but loses nothing
            it had beyond the share of the gap that is closed.
        closed: the share of the gap to close.
    """
    known = np.array(["" if name is None else str(name) for name in names], dtype=object)
    _, groups = np.unique(known, return_inverse=True)
    earned = np.maximum(np.asarray(merit, dtype=np.float64), 0)
    earned[0] = 0
    target = np.bincount(groups, earned)
    whole = target.sum()
    even = np.bincount(groups[1:], minlength=len(target)) / max(len(groups) - 1, 1)
    return FairExposure(groups.astype(np.int64), target / whole if whole else even, closed)


def fair_to_brands(
    catalogue: Catalogue, products: DataFrame, settings: ServeSettings
) -> FairExposure | None:
    """Brands due their share of recent buyers; None where `fair_exposure` is 0.

    Args:
        catalogue: what is recommended from.
        products: silver.products; the current versions say the brand.
        settings: of serving.
    """
    if not settings.fair_exposure:
        return None
    current = products.where("is_current").select("product_id", "brand")
    rows = pd.DataFrame(current.toPandas())
    brand = dict(zip(rows["product_id"], rows["brand"], strict=True))
    names = np.array([brand.get(item) for item in catalogue.product_ids], dtype=object)
    return fair_exposure(names, catalogue.popularity, settings.fair_exposure)
