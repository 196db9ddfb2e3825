"""Fresh lists between two batches: whose list is out of date, and what the session says.

A batch of gold.recommendations is made at its instant; since then people have done something, and
products went out of stock or out of the catalogue. Those people, and only those, get a list as of
the newest event, from the batch's own item vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shoplake.features.interactions import POSITIVE
from shoplake.serve.scorer import AnyScorer, BlockScorer, Floats, Ints, Scorer

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class SessionScorer:
    """A model that reads a person twice: all they did, and the newest items of the last 24 hours.

    Attributes:
        base: the model.
        newest: items of the session that count, newest first.
        weight: of the session in the person's vector, 0 to 1; people without a session are as the
            model has them. Both vectors are the model's own, so its scores keep their scale.
    """

    base: Scorer
    newest: int
    weight: float

    @property
    def items(self) -> Floats:
        """Item vectors [C, d]."""
        return self.base.items

    def people(self, history: Ints, counts: Ints, days: Ints) -> Floats:
        """Person vectors [P, d]; arrays as in `Scorer`."""
        arrays = history, counts, days
        return _twice(self.base.people, *arrays, self.newest, self.weight)

    def own_adjustment(self, counts: Ints, days: Ints) -> Floats:
        """What being in the history adds [P, H]."""
        return self.base.own_adjustment(counts, days)


@dataclass(frozen=True)
class SessionBlocks:
    """`SessionScorer` of a model that gives scores: they are mixed as vectors are there."""

    base: BlockScorer
    newest: int
    weight: float

    @property
    def size(self) -> int:
        """C."""
        return self.base.size

    @property
    def near(self) -> Ints:
        """As the model has it."""
        return self.base.near

    def block(self, history: Ints, counts: Ints, days: Ints) -> Floats:
        """Scores [P, C]; arrays as in `Scorer`."""
        arrays = history, counts, days
        return _twice(self.base.block, *arrays, self.newest, self.weight)


def with_session(scorer: AnyScorer, newest: int, weight: float) -> AnyScorer:
    """The model with a second look at the session; arguments as in `SessionScorer`."""
    if isinstance(scorer, BlockScorer):
        return SessionBlocks(scorer, newest, weight)
    return SessionScorer(scorer, newest, weight)


def _twice(
    read: Callable[[Ints, Ints, Ints], Floats],
    history: Ints,
    counts: Ints,
    days: Ints,
    newest: int,
    weight: float,
) -> Floats:
    """What `read` makes of the history, mixed with what it makes of its newest items of today."""
    whole = read(history, counts, days)
    at = np.arange(history.shape[1]) < newest
    session = (history > 0) & (days == 0) & at
    if not weight or not session.any():
        return whole
    now = read(*(np.where(session, part, 0) for part in (history, counts, days)))
    share = np.where(session.any(axis=1), weight, 0.0)[:, None]
    return ((1 - share) * whole + share * now).astype(np.float32)


def available_now(items: DataFrame, products: DataFrame) -> DataFrame:
    """The items of a batch, `available` only where the newest word on the product says so.

    Args:
        items: one `as_of` of gold.item_features.
        products: silver.products; what is no longer in it, as after an erasure, is not available.
    """
    from pyspark.sql import functions as F

    sold = products.where("is_current AND (stock IS NULL OR stock > 0)").select("product_id")
    marked = items.join(sold.distinct().withColumn("_sold", F.lit(True)), "product_id", "left")
    on_sale = F.col("available") & F.col("_sold").isNotNull()
    return marked.withColumn("available", on_sale).drop("_sold")


def active(interactions: DataFrame) -> DataFrame:
    """Who viewed, clicked, carted or bought: person_key.

    Args:
        interactions: of the view of `interactions.interactions`, those that a batch had not read.
    """
    from pyspark.sql import functions as F

    did = interactions.where(F.col("kind").isin(*POSITIVE) & F.col("person_key").isNotNull())
    return did.select("person_key")


def relinked(links: DataFrame, fresh: DataFrame) -> DataFrame:
    """Who became one person with another, or stopped being one: person_key.

    A list that knows what somebody else did must not wait for the next batch. A statement splits or
    joins what goes by its key, so it is enough to look at the persons of that key.

    Args:
        links: silver.identity_links.
        fresh: those of its rows that the batch had not read.
    """
    keys = fresh.select("shop", "link_key").distinct()
    return links.join(keys, ["shop", "link_key"], "left_semi").select("person_key")
