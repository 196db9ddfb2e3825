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
from shoplake.serve.catalogue import load_catalogue, scorer_inputs
from shoplake.serve.fallback import recent_popularity
from shoplake.serve.live import available_now, outdated, relinked, with_session
from shoplake.serve.people import everyone
from shoplake.serve.served import Served
from shoplake.serve.stock import PLAN, in_supply

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Read, Run
    from shoplake.models.tracking import Registry
    from shoplake.serve.canary import Side
    from shoplake.serve.scorer import AnyScorer
    from shoplake.serve.settings import ServeSettings

LIVE, BATCH, ITEMS = "gold.live_recommendations", "gold.recommendations", "gold.item_features"
LINKS = "silver.identity_links"
SOURCES = (*TABLES, LINKS, "silver.people", "silver.products", ITEMS, BATCH, PLAN)
#: Versions as of a batch's instant; a stream asks for them at every trigger.
_VECTORS: dict[tuple[object, ...], AnyScorer] = {}


@dataclass(frozen=True)
class LiveLists:
    """Makes the lists that replace those of one batch.

    Attributes:
        run: of the step; its lake is read.
        registry, serving: the model, and whom which of its versions serves.
        settings: of serving.
        since: the instant of the batch.
    """

    run: Run
    registry: Registry
    serving: tuple[Side, ...]
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
        stale = outdated(did, read(BATCH).where(at_batch), there, self.since)
        whose = stale.union(relinked(read(LINKS), self.since)).distinct()
        mine = did.join(whose, "person_key", "left_semi")
        past = seen(mine, cut_table(self.run.lake.spark, [Cut(0, now, now, "test")]))
        arrays = history_arrays(self.settings.history_length)
        histories = touched_items(past, index).select("person_key", *arrays)
        fresh = Served(self.run, self.registry, self.serving, self.settings, LIVE).lists(
            everyone(histories, people.join(whose, "person_key", "left_semi")),
            catalogue,
            lambda version: self._vectors(version, did, items, index),
            as_of=now,
            items=items,
            popular=popular,
            reading=lambda scorer: with_session(
                scorer, self.settings.session_items, self.settings.session_weight
            ),
        )
        return fresh.withColumn("batch_as_of", F.lit(self.since))

    def _vectors(
        self, version: str, did: DataFrame, items: DataFrame, index: DataFrame
    ) -> AnyScorer:
        lake = self.run.lake
        state = (lake.settings.lake, self.since, lake.version(ITEMS))
        for key in [key for key in _VECTORS if key[1:] != state]:
            del _VECTORS[key]
        if (version, *state) not in _VECTORS:
            snapshot = item_snapshots(did, index, [Cut(0, self.since, self.since, "test")])
            texts = scorer_inputs(items, snapshot)
            _VECTORS[version, *state] = self.registry.load(version).scorer(*texts)
        return _VECTORS[version, *state]
