"""What to show a person nothing is known about: what people like them buy now, well mixed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shoplake.serve.catalogue import Catalogue
from shoplake.serve.instant import instant
from shoplake.serve.scorer import Ints
from shoplake.serve.settings import ServeSettings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

EVERYONE = ""
"""The group that a person without a group, or of an unknown one, falls back to."""


@dataclass(frozen=True)
class Fallback:
    """One ready list a group of people, best first.

    Attributes:
        lists: group -> item_index [<= k]; always has EVERYONE.
        people: group -> how many people bought each of those items lately, which is the score.
    """

    lists: dict[str, Ints]
    people: dict[str, Ints]

    def of(self, group: str | None) -> tuple[Ints, Ints]:
        """The list of a group and its scores."""
        key = group if group in self.lists else EVERYONE
        return self.lists[key], self.people[key]


def recent_popularity(
    orders: DataFrame, people: DataFrame, group: str, as_of: datetime, days: int = 30
) -> DataFrame:
    """How many people of each group bought each product in the `days` days before `as_of`.

    Args:
        orders: silver.orders; sales that were cancelled in full and anonymous ones do not count.
        people: silver.people; `group` is one of its columns (segment, country).

    Returns:
        (group:string, product_id:string, people:bigint); people without a group are left out.
    """
    from pyspark.sql import functions as F

    until = instant(as_of)
    bought = (
        orders.where(
            (F.col("kind") == "sale")
            & (F.col("line_kind") == "product")
            & (F.col("net_quantity") > 0)
            & (F.col("ordered_at") < until)
            & (F.col("ordered_at") >= until - F.make_dt_interval(F.lit(days)))
        )
        .select("person_key", "product_id")
        .distinct()
    )
    groups = people.select("person_key", F.col(group).alias("group")).where("group IS NOT NULL")
    return (
        bought.join(groups, "person_key")
        .groupBy("group", "product_id")
        .agg(F.count("*").alias("people"))
    )


def build_fallback(
    catalogue: Catalogue, settings: ServeSettings, popularity: DataFrame | None = None
) -> Fallback:
    """The fallback list of everyone and, from `recent_popularity`, of each group."""
    allowed = catalogue.allowed(only_available=settings.exclude_unavailable)
    counts = {EVERYONE: catalogue.popularity}
    if popularity is not None:
        index = {product: at for at, product in enumerate(catalogue.product_ids)}
        for row in popularity.collect():
            if row["product_id"] in index:
                of_group = counts.setdefault(row["group"], np.zeros_like(catalogue.popularity))
                of_group[index[row["product_id"]]] = row["people"]
    lists = {
        group: diversify(
            of_group,
            catalogue.popularity,
            catalogue.categories,
            allowed,
            k=settings.k,
            per_category=settings.per_category,
        )
        for group, of_group in counts.items()
    }
    return Fallback(lists, {group: counts[group][chosen] for group, chosen in lists.items()})


def diversify(
    popularity: Ints,
    tie_breaker: Ints,
    categories: NDArray[np.object_],
    allowed: NDArray[np.bool_],
    *,
    k: int,
    per_category: int,
) -> Ints:
    """The most popular items, at most `per_category` of a category while other categories last.

    Items nobody bought lately are not popular, so they are never chosen; an item without a
    category is a category of its own.

    Args:
        popularity: [C] people of the group who bought the item lately.
        tie_breaker: [C] popularity among everyone, for equal counts and to fill a short list.

    Returns:
        item_index [<= k], best first.
    """
    order = np.lexsort((np.arange(len(popularity)), -tie_breaker, -popularity))
    popular = [int(at) for at in order if allowed[at] and (popularity[at] or tie_breaker[at])]
    chosen: list[int] = []
    passed_over: list[int] = []
    taken: Counter[object] = Counter()
    for at in popular:
        if len(chosen) == k:
            break
        category = categories[at]
        if category is not None and taken[category] >= per_category:
            passed_over.append(at)
            continue
        taken[category] += 1
        chosen.append(at)
    return np.array((chosen + passed_over)[:k], dtype=np.int64)
