"""The lists of gold.live_recommendations, from the state of the lake and a batch's item vectors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from shoplake.features.behaviour import TABLES
from shoplake.features.histories import Cut, cut_table, history_arrays, seen, touched_items
from shoplake.features.interactions import interactions
from shoplake.features.training import item_snapshots
from shoplake.serve.batch import recommend
from shoplake.serve.catalogue import load_catalogue, scorer_inputs
from shoplake.serve.fallback import build_fallback, recent_popularity
from shoplake.serve.live import SessionScorer, available_now, outdated
from shoplake.serve.parents import tell_parents
from shoplake.serve.people import everyone
from shoplake.serve.personal import PersonalFrequencyScorer
from shoplake.serve.stock import PLAN, in_supply

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Read, Run
    from shoplake.models.tracking import Registry
    from shoplake.serve.scorer import Scorer
    from shoplake.serve.settings import ServeSettings

LIVE, BATCH, ITEMS = "gold.live_recommendations", "gold.recommendations", "gold.item_features"
SOURCES = (*TABLES, "silver.people", "silver.products", ITEMS, BATCH, PLAN)
#: The champion's item vectors at a batch's instant; a stream asks for them at every trigger.
_VECTORS: dict[tuple[object, ...], Scorer] = {}


@dataclass(frozen=True)
class LiveLists:
    """Makes the lists that replace those of one batch.

    Attributes:
        run: of the step; its lake is read.
        registry, version: the model; None while personal frequency serves.
        settings: of serving.
        since: the instant of the batch.
    """

    run: Run
    registry: Registry
    version: str | None
    settings: ServeSettings
    since: datetime

    def make(self, read: Read) -> DataFrame:
        """Rows of gold.live_recommendations.

        Histories end right after the newest interaction; popularity is that of the batch.

        Args:
            read: of pinned `SOURCES`.
        """
        at_batch = F.col("as_of") == F.lit(self.since)
        orders, events, feedback = map(read, TABLES)
        did = interactions(orders=orders, events=events, feedback=feedback)
        newest = did.agg(F.max("at")).first()
        last = newest[0] if newest is not None and newest[0] is not None else self.since
        now = max(self.since, last) + timedelta(microseconds=1)
        items = read(ITEMS).where(at_batch)
        index = items.select("product_id", "item_index")
        supplied = in_supply(items, read(PLAN), self.since, self.settings.exclude_short_days)
        there = available_now(supplied, read("silver.products"))
        catalogue = load_catalogue(there)
        people = read("silver.people").withColumn("group", F.coalesce("segment", "country"))
        popular = recent_popularity(read("silver.orders"), people, "group", self.since)
        scorer: Scorer = PersonalFrequencyScorer(catalogue.popularity)
        if self.version is not None:
            scorer = self._vectors(did, items, index)
        whose = outdated(did, read(BATCH).where(at_batch), there, self.since)
        mine = did.join(whose, "person_key", "left_semi")
        past = seen(mine, cut_table(self.run.lake.spark, [Cut(0, now, now, "test")]))
        arrays = history_arrays(self.settings.history_length)
        histories = touched_items(past, index).select("person_key", *arrays)
        model = f"{self.registry.name}/{self.version}" if self.version else None
        tell_parents(self.run, model, items, popular, target=LIVE)
        session = SessionScorer(scorer, self.settings.session_items, self.settings.session_weight)
        fresh = recommend(
            everyone(histories, people.join(whose, "person_key", "left_semi")),
            *(session, catalogue, build_fallback(catalogue, self.settings, popular)),
            self.settings,
            as_of=now,
            model_name=self.registry.name if self.version else "personal_frequency",
            model_version=self.version or "0",
        )
        return fresh.withColumn("batch_as_of", F.lit(self.since))

    def _vectors(self, did: DataFrame, items: DataFrame, index: DataFrame) -> Scorer:
        lake = self.run.lake
        key = (lake.settings.lake, self.version, self.since, lake.version(ITEMS))
        if key not in _VECTORS:
            _VECTORS.clear()
            snapshot = item_snapshots(did, index, [Cut(0, self.since, self.since, "test")])
            texts = scorer_inputs(items, snapshot)
            _VECTORS[key] = self.registry.load(str(self.version)).scorer(*texts)
        return _VECTORS[key]
