"""What people did, read from whichever silver tables report it, and the data's own clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame

from shoplake.features.interactions import data_range, interactions
from shoplake.governance.run import Run

#: Tables that report interactions; a shop may have any of them.
TABLES = ("silver.orders", "silver.events", "silver.feedback")

#: First and end of the states that this process has seen: many steps stand on one state.
_RANGES: dict[tuple[tuple[str, int], ...], tuple[datetime, datetime]] = {}


@dataclass(frozen=True)
class Behaviour:
    """Interactions of a pinned state of silver: `first` to `as_of`, midnight after the last."""

    interactions: DataFrame
    first: datetime
    as_of: datetime


def read_behaviour(run: Run, as_of: str | None = None) -> Behaviour:
    """The interactions of the newest silver versions.

    Args:
        run: any run.
        as_of: an earlier end (yyyy-MM-dd, UTC midnight) than the data's own.

    Raises:
        ShoplakeError: nobody has interacted with a product.
    """
    versions = run.versions(TABLES)
    read = run.reader(versions)
    orders, events, feedback = map(read, TABLES)
    view = interactions(orders=orders, events=events, feedback=feedback)
    state = _state(run, versions)
    if state not in _RANGES:
        _RANGES[state] = data_range(view)
    first, end = _RANGES[state]
    if as_of is not None:
        end = min(end, datetime.fromisoformat(as_of).replace(tzinfo=end.tzinfo))
    return Behaviour(view, first, end)


def _state(run: Run, versions: dict[str, int]) -> tuple[tuple[str, int], ...]:
    """The tables by their own ids, which no other table ever has, at these versions."""
    return tuple((run.lake.table_id(name), version) for name, version in versions.items())
