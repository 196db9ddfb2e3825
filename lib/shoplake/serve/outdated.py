"""Whose lists are out of date: by what silver says and a batch had not read, or by what is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from shoplake.features.behaviour import TABLES
from shoplake.runtime.appended import appended
from shoplake.runtime.few import Few
from shoplake.runtime.spark_errors import SPARK_ERRORS
from shoplake.serve.instant import instant
from shoplake.serve.live import active, relinked
from shoplake.serve.told import Told

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Pinned

BATCH, LINKS = "gold.recommendations", "silver.identity_links"
#: By states of silver: a stream asks at every trigger, and refines it more seldom.
_FOUND: dict[tuple[object, ...], Few] = {}
#: By states of the batch and of what is gone.
_PROMISED: dict[tuple[object, ...], Few] = {}


def outdated(read: Pinned, then: Mapping[str, int] | None, since: datetime) -> Few:
    """Whose lists are out of date: person_key.

    People who viewed, clicked, carted or bought, or were linked or parted, at or after the batch's
    instant, or by a record that the batch had not read, whenever that happened: its instant is the
    midnight after the last event, and a record may be late.

    Args:
        read: of silver as it is.
        then: Delta versions that the batch read. Where they are not known, or their files have been
            cleared away, only time counts.
        since: the batch's instant.
    """
    now = {name: v for name, v in read.versions.items() if name in (*TABLES, LINKS)}
    known = None if then is None else tuple(then.items())
    key = read.run.lake.settings.lake, since, known, tuple(now.items())
    if key not in _FOUND:
        _FOUND.clear()
        _FOUND[key] = _found(read, then, since)
    return _FOUND[key]


def promised(read: Pinned, since: datetime, gone: Sequence[str]) -> Few:
    """Whose list of the batch names a product that is not available any more: person_key.

    Args:
        read: of at least `BATCH`.
        since: the batch's instant.
        gone: product_id of the items that are not available.
    """
    key = read.run.lake.settings.lake, since, read.versions.get(BATCH), tuple(gone)
    if key not in _PROMISED:
        _PROMISED.clear()
        spark = read.run.lake.spark
        ids = spark.createDataFrame([(i,) for i in gone], "product_id string").coalesce(1)
        batch = read(BATCH).where(F.col("as_of") == F.lit(since))
        named = batch.join(F.broadcast(ids), "product_id", "left_semi")
        _PROMISED[key] = Few.of(named.select("person_key").distinct())
    return _PROMISED[key]


def _found(read: Pinned, then: Mapping[str, int] | None, since: datetime) -> Few:
    by_time = _since(read, since)
    if then is not None:
        try:
            return Few.of(_unread(read, read.run.reader(dict(then))).union(by_time).distinct())
        except SPARK_ERRORS:
            pass
    return Few.of(by_time.distinct())


def _unread(read: Pinned, earlier: Pinned) -> DataFrame:
    did = Told(*(_new(read, earlier, table) for table in TABLES)).interactions()
    return active(did).union(relinked(read(LINKS), _new(read, earlier, LINKS)))


def _new(read: Pinned, earlier: Pinned, table: str) -> DataFrame:
    """The rows that come of records not among an earlier state's."""
    then, now = earlier.versions.get(table), read.versions.get(table)
    if then == now or now is None:
        return read(table).limit(0)
    # Where rows were only added, they need not be looked for among all.
    added = appended(read.run.lake, table, then, now)
    if added is not None:
        return added
    return read(table).join(earlier(table).select("row_id"), "row_id", "left_anti")


def _since(read: Pinned, since: datetime) -> DataFrame:
    links = read(LINKS)
    did = Told(*map(read, TABLES)).since(since).interactions()
    fresh = links.where(F.col("valid_from") >= instant(since))
    return active(did).union(relinked(links, fresh))
