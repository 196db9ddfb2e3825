"""The lists of gold.live_recommendations, from the state of the lake and a batch's item vectors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from shoplake.features.behaviour import TABLES
from shoplake.features.clock import span
from shoplake.features.histories import Cut, cut_table, history_arrays, seen, touched_items
from shoplake.features.interactions import interactions
from shoplake.features.training import item_snapshots
from shoplake.runtime.few import brought
from shoplake.serve.catalogue import scorer_inputs
from shoplake.serve.live import active, promised, with_session
from shoplake.serve.newest import IDENTITIES, RECORDS, newest_events
from shoplake.serve.outdated import LINKS, outdated
from shoplake.serve.people import everyone
from shoplake.serve.served import Served
from shoplake.serve.shelf import ITEMS
from shoplake.serve.shelf import TABLES as SHELF
from shoplake.serve.shelf import shelf as shelf_of
from shoplake.serve.told import Told

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Pinned, Run
    from shoplake.models.tracking import Registry
    from shoplake.refine.settings import RefineSettings
    from shoplake.serve.canary import Side
    from shoplake.serve.scorer import AnyScorer
    from shoplake.serve.settings import ServeSettings

LIVE, BATCH = "gold.live_recommendations", "gold.recommendations"
SOURCES = tuple(dict.fromkeys([*TABLES, RECORDS, IDENTITIES, LINKS, BATCH, *SHELF]))
#: Versions as of a batch's instant; a stream asks for them at every trigger.
_VECTORS: dict[tuple[object, ...], AnyScorer] = {}


@dataclass(frozen=True)
class LiveLists:
    """Makes the lists that replace those of one batch.

    Attributes:
        run: of the step; its lake is read.
        registry, serving: the model, and whom which of its versions serves.
        settings: of serving.
        cleaning: of silver's events, for those that silver does not have yet.
        since: the instant of the batch.
    """

    run: Run
    registry: Registry
    serving: tuple[Side, ...]
    settings: ServeSettings
    cleaning: RefineSettings
    since: datetime

    def make(self, read: Pinned) -> DataFrame:
        """Rows of gold.live_recommendations.

        Histories end right after the newest interaction; popularity is that of the batch.

        Args:
            read: of pinned `SOURCES`.
        """
        shelf = shelf_of(read, self.settings, self.since)
        index = shelf.items.select("product_id", "item_index")
        batch = read(BATCH).where(F.col("as_of") == F.lit(self.since))
        told, news = Told(*map(read, TABLES)), newest_events(read, self.cleaning)
        whose = brought(
            outdated(read, read.run.ledger.inputs(read.run.contracts[BATCH]), self.since)
            .union(active(interactions(events=news)))
            .union(promised(batch, shelf.gone()))
            .where("person_key IS NOT NULL")
            .distinct()
        )
        # What others did decides nothing of these people's lists.
        did = brought(told.beside(news).of(whose).interactions())
        found = span(did)
        last = self.since if found is None else found.last.replace(tzinfo=None)
        now = max(self.since, last) + timedelta(microseconds=1)
        past = seen(did, cut_table(self.run.lake.spark, [Cut(0, now, now, "test")]))
        arrays = history_arrays(self.settings.histories, self.settings.exclude_recent_days)
        histories = touched_items(past, index).select("person_key", *arrays)
        fresh = Served(self.run, self.registry, self.serving, self.settings, LIVE).lists(
            everyone(histories, whose.join(read("silver.people"), "person_key", "left")),
            shelf.catalogue,
            lambda version: self._vectors(version, told.interactions(), shelf.items, index),
            as_of=now,
            items=shelf.items,
            popular=shelf.popular,
            fallback=shelf.fallback,
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
