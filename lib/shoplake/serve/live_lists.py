"""The lists of gold.live_recommendations, from the state of the lake and a batch's item vectors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import functions as F

from shoplake.features.behaviour import TABLES
from shoplake.features.clock import GAP
from shoplake.features.histories import Cut, cut_table, history_arrays, seen, touched_items
from shoplake.features.interactions import interactions
from shoplake.features.training import item_snapshots
from shoplake.runtime.few import Few, distinct
from shoplake.serve.catalogue import scorer_inputs
from shoplake.serve.instant import instant
from shoplake.serve.live import active, with_session
from shoplake.serve.newest import IDENTITIES, RECORDS, newest_events
from shoplake.serve.outdated import BATCH, LINKS, outdated, promised
from shoplake.serve.people import everyone
from shoplake.serve.served import Served
from shoplake.serve.shelf import ITEMS, Shelf
from shoplake.serve.shelf import TABLES as SHELF
from shoplake.serve.shelf import shelf as shelf_of
from shoplake.serve.told import Told, rows_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Pinned, Run
    from shoplake.models.tracking import Registry
    from shoplake.refine.settings import RefineSettings
    from shoplake.runtime.lake import Lake
    from shoplake.serve.canary import Side
    from shoplake.serve.scorer import AnyScorer
    from shoplake.serve.settings import ServeSettings

LIVE = "gold.live_recommendations"
SOURCES = tuple(dict.fromkeys([*TABLES, RECORDS, IDENTITIES, LINKS, BATCH, *SHELF]))
#: People up to whom lists are made in the driver: their model is there, and workers load it anew.
HERE = 5_000
_EPOCH = datetime(1970, 1, 1)
#: Versions as of a batch's instant; a stream asks for them at every trigger.
_VECTORS: dict[tuple[object, ...], AnyScorer] = {}


def newest_batch(lake: Lake) -> datetime | None:
    """The instant of the newest lists of everyone, naive and in UTC; None where there are none."""
    if not lake.exists(BATCH):
        return None
    if lake.settings.catalog:
        row = lake.read(BATCH).agg(F.max("as_of")).first()
        return None if row is None else row[0]
    found = pc.max(lake.arrow(BATCH, ["as_of"]).column("as_of")).as_py()
    return None if found is None else found.astimezone(UTC).replace(tzinfo=None)


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
        news = newest_events(read, self.cleaning)
        then = read.run.ledger.inputs(read.run.contracts[BATCH])
        lately = Few.of(active(interactions(events=news.frame)))
        old = outdated(read, then, self.since), promised(read, self.since, shelf.gone())
        whose = distinct([*old, lately], "person_key")
        # What others did decides nothing of these people's lists.
        did = Few.of(Told.by(read, whose).beside(_of(news, whose)).interactions())
        now = max(self.since, newest(did, self.since + GAP)) + timedelta(microseconds=1)
        past = seen(did.frame, cut_table(self.run.lake.spark, [Cut(0, now, now, "test")]))
        arrays = history_arrays(self.settings.histories, self.settings.exclude_recent_days)
        histories = touched_items(past, shelf.index).select("person_key", *arrays)
        people = rows_of(read, "silver.people", whose)
        fresh = Served(self.run, self.registry, self.serving, self.settings, LIVE).lists(
            everyone(histories, whose.frame.join(people, "person_key", "left")),
            shelf.catalogue,
            lambda version: self._vectors(version, read, shelf),
            as_of=now,
            items=shelf.items,
            popular=shelf.popular,
            fallback=shelf.fallback,
            here=whose.rows is not None and whose.rows.num_rows <= HERE,
            reading=lambda scorer: with_session(
                scorer, self.settings.session_items, self.settings.session_weight
            ),
        )
        return fresh.withColumn("batch_as_of", F.lit(self.since))

    def _vectors(self, version: str, read: Pinned, shelf: Shelf) -> AnyScorer:
        lake = self.run.lake
        state = (lake.settings.lake, self.since, lake.version(ITEMS))
        for key in [key for key in _VECTORS if key[1:] != state]:
            del _VECTORS[key]
        if (version, *state) not in _VECTORS:
            did = Told(*map(read, TABLES)).interactions()
            cut = Cut(0, self.since, self.since, "test")
            texts = scorer_inputs(shelf.items, item_snapshots(did, shelf.index, [cut]))
            _VECTORS[version, *state] = self.registry.load(version).scorer(*texts)
        return _VECTORS[version, *state]


def newest(did: Few, limit: datetime) -> datetime:
    """When the newest of these interactions before a limit was; both naive and in UTC.

    The batch ended where the whole shop's clocks were believed. What is `GAP` and more after it is
    one device's clock, which must not age what everybody else did.
    """
    if did.rows is None:
        at = did.frame.where(F.col("at") < instant(limit)).agg(F.max(F.unix_micros("at"))).first()
        micros = at[0] if at is not None else None
        return datetime.min if micros is None else _EPOCH + timedelta(microseconds=micros)
    found = did.rows.column("at")
    latest = pc.max(found.filter(pc.less(found, pa.scalar(limit.replace(tzinfo=UTC), found.type))))
    at = latest.as_py()
    return datetime.min if at is None else at.replace(tzinfo=None)


def _of(news: Few, whose: Few) -> DataFrame:
    """The events of some people."""
    if news.rows is None or whose.rows is None:
        return news.frame.join(F.broadcast(whose.frame), "person_key", "left_semi")
    keys = whose.rows.column("person_key").combine_chunks()
    return news.only(pc.is_in(news.rows.column("person_key"), value_set=keys)).frame
