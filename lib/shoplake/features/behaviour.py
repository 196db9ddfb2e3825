"""What people did, read from whichever silver tables report it, and the data's own clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from pyspark.sql import DataFrame

from shoplake.features.interactions import data_range, interactions
from shoplake.governance.run import Pins, Run
from shoplake.runtime.console import say

#: Tables that report interactions; a shop may have any of them.
TABLES = ("silver.orders", "silver.events", "silver.feedback")

#: First and end by table ids and versions: many steps of a process stand on one state of silver.
_RANGES: dict[tuple[tuple[str, int], ...], tuple[datetime, datetime]] = {}


@dataclass(frozen=True)
class Behaviour:
    """Interactions of a pinned state of silver: `first` to `as_of`, midnight after the last.

    `pinned` is that state. What is made of the interactions is built with it: a table that a stream
    has written to meanwhile would else be on record as read newer than it was, and never read so.
    """

    interactions: DataFrame
    first: datetime
    as_of: datetime
    pinned: Pins = field(default_factory=dict)


def read_behaviour(run: Run, as_of: str | None = None) -> Behaviour:
    """The interactions of the newest silver versions.

    Args:
        run: any run.
        as_of: an earlier end (yyyy-MM-dd, UTC midnight) than the data's own.

    Raises:
        ShoplakeError: nobody has interacted with a product.
    """
    pinned = run.pins(TABLES)
    read = run.reader(pinned)
    orders, events, feedback = map(read, TABLES)
    view = interactions(orders=orders, events=events, feedback=feedback)
    first, end = _range(run, read.versions, view)
    if as_of is not None:
        end = min(end, datetime.fromisoformat(as_of).replace(tzinfo=end.tzinfo))
    return Behaviour(view, first, end, pinned)


def _range(run: Run, versions: dict[str, int], view: DataFrame) -> tuple[datetime, datetime]:
    """`data_range`, remembered in a lake of folders; under a catalog each step is a process."""
    tell = partial(say, run.step)
    if run.lake.settings.catalog:
        return data_range(view, tell)
    state = tuple((run.lake.folder_id(name), version) for name, version in versions.items())
    if state not in _RANGES:
        _RANGES[state] = data_range(view, tell)
    return _RANGES[state]
