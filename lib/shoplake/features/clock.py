"""When people's interactions begin and end, though somebody's clock may be years ahead.

What there is counts up to its end: windows, cuts and the lists' instant hang on it. One event from
the year 2031 would end the windows of everyone there, and be the newest for years. No wall clock
says which it is, since a shop may be simulated, or its history replayed: what is believed is what
the others say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

#: So long after everything before it, few rows are not believed.
GAP = timedelta(days=300)
#: Of so many rows, one is few.
FEW = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Day:
    """Rows of one day: how many, and when the first and the last of them was."""

    day: date
    rows: int
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Span:
    """The first and the last instant that is believed, and how many rows are later."""

    first: datetime
    last: datetime
    beyond: int


def span(interactions: DataFrame) -> Span | None:
    """The span of a view of `interactions`; None where it is empty."""
    from pyspark.sql import functions as F

    at = F.unix_micros("at")
    days = interactions.groupBy(F.to_date("at").alias("day")).agg(
        F.count("*"), F.min(at), F.max(at)
    )
    return believed(
        Day(day, rows, *(_EPOCH + timedelta(microseconds=m) for m in (first, last)))
        for day, rows, first, last in days.where("day IS NOT NULL").collect()
    )


def believed(days: Iterable[Day]) -> Span | None:
    """The span of rows: without those that come `GAP` after all before them and are few."""
    told = sorted(days)
    if not told:
        return None
    total, later, end = sum(d.rows for d in told), 0, len(told) - 1
    for at in range(len(told) - 1, 0, -1):
        later += told[at].rows
        if later * FEW >= total:
            break
        if told[at].day - told[at - 1].day >= GAP:
            end = at - 1
    beyond = sum(d.rows for d in told[end + 1 :])
    return Span(told[0].first, told[end].last, beyond)
