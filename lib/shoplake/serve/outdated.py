"""Whose lists are out of date by what silver says, and a batch of lists had not read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from shoplake.features.behaviour import TABLES
from shoplake.runtime.few import brought
from shoplake.runtime.spark_errors import SPARK_ERRORS
from shoplake.serve.instant import instant
from shoplake.serve.live import active, relinked
from shoplake.serve.told import Told, unread

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Pinned

LINKS = "silver.identity_links"
#: By states of silver: a stream asks at every trigger, and refines it more seldom.
_FOUND: dict[tuple[object, ...], DataFrame] = {}


def outdated(read: Pinned, then: Mapping[str, int] | None, since: datetime) -> DataFrame:
    """Whose lists are out of date: person_key, perhaps more than once.

    People who viewed, clicked, carted or bought, or were linked or parted, at or after the batch's
    instant, or by a record that the batch had not read, whenever that happened: its instant is the
    midnight after the last event, and a record may be late.

    Args:
        read: of silver as it is.
        then: Delta versions that the batch read. Where they are not known, or their files have been
            cleared away, only time counts.
        since: the batch's instant.
    """
    if then is not None:
        now = {name: v for name, v in read.versions.items() if name in (*TABLES, LINKS)}
        key = read.run.lake.settings.lake, tuple(then.items()), tuple(now.items())
        if key not in _FOUND:
            _FOUND.clear()
            try:
                late = _unread(read, read.run.reader(dict(then)))
                _FOUND[key] = brought(late.union(_since(read, since)).distinct())
            except SPARK_ERRORS:
                return _since(read, since)
        return _FOUND[key]
    return _since(read, since)


def _unread(read: Pinned, earlier: Pinned) -> DataFrame:
    told, links = Told(*map(read, TABLES)), read(LINKS)
    did = told.unread(Told(*map(earlier, TABLES))).interactions()
    return active(did).union(relinked(links, unread(links, earlier(LINKS))))


def _since(read: Pinned, since: datetime) -> DataFrame:
    links = read(LINKS)
    did = Told(*map(read, TABLES)).since(since).interactions()
    fresh = links.where(F.col("valid_from") >= instant(since))
    return active(did).union(relinked(links, fresh))
