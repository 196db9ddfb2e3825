"""Batch scoring: one Spark job turns everyone's history into gold.recommendations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from shoplake.serve.catalogue import Catalogue
from shoplake.serve.fairness import FairExposure, candidates
from shoplake.serve.fallback import Fallback
from shoplake.serve.histories import COLUMNS, Histories, read_histories
from shoplake.serve.instant import instant
from shoplake.serve.reasons import POPULAR, reasons, reasons_by_near
from shoplake.serve.scorer import AnyScorer, BlockScorer, Floats, Ints, columns_of
from shoplake.serve.selection import TopK
from shoplake.serve.settings import ServeError, ServeSettings
from shoplake.serve.topk import require_finite, top_k, top_k_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SCHEMA = (
    "person_key string, rank int, product_id string, product_name string, score double, "
    "reason string, is_fallback boolean"
)


def recommend(
    histories: DataFrame,
    scorer: AnyScorer,
    catalogue: Catalogue,
    fallback: Fallback,
    settings: ServeSettings,
    *,
    as_of: datetime,
    model_name: str,
    model_version: str,
    fair: FairExposure | None = None,
    here: bool = False,
) -> DataFrame:
    """Up to k recommendations a person, as gold.recommendations holds them.

    The model and the catalogue travel to the workers inside the function, which Spark broadcasts
    when it is large, so this runs on Spark Connect too. A person with no history gets their
    group's fallback list.

    Args:
        histories: one row a person: person_key, history (array<int> of item_index, newest first),
            history_counts (how often bought), history_days (days since last touched), group
            (string; for the fallback). Null, empty or all-0 arrays mean no history.
        scorer: a model of exactly the items of the catalogue.
        as_of: the instant the histories end at.
        fair: re-ranks each block for the exposure of brands; who else is in the block then matters.
        here: the people are few, and scored in this process.

    Returns:
        person_key, as_of, rank (from 1), product_id, product_name, score, reason, model_name,
        model_version, is_fallback. A fallback's score is the number of people who bought the item
        lately, and is not comparable with the model's scores.

    Raises:
        ServeError: the model and the catalogue do not have the same items, or an item vector is
            not finite.
    """
    from pyspark.sql import functions as F

    if columns_of(scorer) != len(catalogue.product_ids):
        raise ServeError(
            f"the model knows {columns_of(scorer) - 1:,} items, "
            f"the catalogue has {len(catalogue.product_ids) - 1:,}",
            where=f"{model_name} version {model_version} and gold.item_features",
            remedy="rebuild the model's item vectors from the catalogue's item_features version",
        )
    if not isinstance(scorer, BlockScorer):
        require_finite("item vectors", scorer.items[1:])
    job = BatchScorer(scorer, catalogue, fallback, settings, fair)
    people = histories.select("person_key", *COLUMNS, "group")
    scored = _scored_here(job, people) if here else people.mapInPandas(job.run, SCHEMA)
    return scored.select(
        "person_key",
        instant(as_of).alias("as_of"),
        "rank",
        "product_id",
        "product_name",
        "score",
        "reason",
        F.lit(model_name).alias("model_name"),
        F.lit(model_version).alias("model_version"),
        "is_fallback",
    )


def _scored_here(job: BatchScorer, people: DataFrame) -> DataFrame:
    made = list(job.run([pd.DataFrame(people.toPandas())]))
    spark = people.sparkSession
    if not made:
        return spark.createDataFrame([], SCHEMA)
    return spark.createDataFrame(pd.concat(made), SCHEMA).coalesce(1)


@dataclass(frozen=True)
class BatchScorer:
    """What each worker runs: frames of histories in, frames of recommendations out."""

    scorer: AnyScorer
    catalogue: Catalogue
    fallback: Fallback
    settings: ServeSettings
    fair: FairExposure | None = None

    def run(self, batches: Iterable[pd.DataFrame]) -> Iterable[pd.DataFrame]:
        """The recommendations of each batch, at most `people_block` people at once."""
        settings, catalogue = self.settings, self.catalogue
        allowed = catalogue.allowed(only_available=settings.exclude_unavailable)
        kept = catalogue.allowed(only_available=False)
        for batch in batches:
            for start in range(0, len(batch), settings.people_block):
                people = batch.iloc[start : start + settings.people_block]
                histories = read_histories(people).only(kept)
                known = (histories.items > 0).any(axis=1)
                if known.any():
                    yield self._personal(people.loc[known], histories[known], allowed)
                if not known.all():
                    yield self._popular(people.loc[~known])

    def _personal(
        self, people: pd.DataFrame, histories: Histories, allowed: NDArray[np.bool_]
    ) -> pd.DataFrame:
        best = recommend_block(self.scorer, histories, allowed, self.settings, self.fair)
        told = best.indices, histories.items, histories.counts
        if isinstance(self.scorer, BlockScorer):
            why = reasons_by_near(*told, self.scorer.near, self.catalogue.names)
        else:
            why = reasons(*told, self.scorer.items, self.catalogue.names)
        rows, ranks = np.nonzero(best.indices)
        at = rows, ranks
        return self._frame(people, rows, ranks, best.indices[at], best.scores[at], why[at])

    def _popular(self, people: pd.DataFrame) -> pd.DataFrame:
        lists = [self.fallback.of(group) for group in people["group"]]
        lengths = [len(index) for index, _ in lists]
        return self._frame(
            people,
            np.repeat(np.arange(len(lists)), lengths),
            np.concatenate([np.arange(length) for length in lengths]),
            np.concatenate([index for index, _ in lists]),
            np.concatenate([score for _, score in lists]),
            None,
        )

    def _frame(
        self,
        people: pd.DataFrame,
        rows: Ints,
        ranks: Ints,
        index: Ints,
        scores: Floats | Ints,
        why: NDArray[np.object_] | None,
    ) -> pd.DataFrame:
        """Recommendations as rows; `why` is None for fallbacks."""
        return pd.DataFrame(
            {
                "person_key": people["person_key"].to_numpy()[rows],
                "rank": (ranks + 1).astype(np.int32),
                "product_id": self.catalogue.product_ids[index],
                "product_name": self.catalogue.names[index],
                "score": scores.astype(np.float64),
                "reason": POPULAR if why is None else why,
                "is_fallback": why is None,
            }
        )


def recommend_block(
    scorer: AnyScorer,
    histories: Histories,
    allowed: NDArray[np.bool_],
    settings: ServeSettings,
    fair: FairExposure | None = None,
) -> TopK:
    """The top-k of at most `people_block` people.

    The model always sees `people_block` x `history_length` arrays: with one shape, the last bits of
    its arithmetic do not depend on how Spark cut the people into batches.
    """
    size = len(histories.items)
    seen = histories.resized(settings.people_block, settings.history_length)
    k = settings.k if fair is None else candidates(settings.k)
    excluded = histories.excluded(settings)
    if isinstance(scorer, BlockScorer):
        scores = scorer.block(seen.items, seen.counts, seen.days)[:size]
        best = top_k_of(scores, k, excluded=excluded, allowed=allowed)
    else:
        best = top_k(
            scorer.people(seen.items, seen.counts, seen.days)[:size],
            scorer.items,
            k,
            history=seen.items[:size],
            adjustment=scorer.own_adjustment(seen.counts, seen.days)[:size],
            excluded=excluded,
            allowed=allowed,
            people_block=settings.people_block,
            item_block=settings.item_block,
        )
    return best if fair is None else fair.rerank(best, settings.k)
