"""Events that silver has not been given yet, for lists that do not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import to_arrow_schema

from shoplake.contracts.ddl import schema
from shoplake.governance.passes import Pass
from shoplake.governance.publish import good_rows, judged_rows
from shoplake.refine.events import events
from shoplake.runtime.appended import appended, readable
from shoplake.runtime.few import MOST, Few

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from shoplake.governance.run import Pinned
    from shoplake.refine.settings import RefineSettings

EVENTS, RECORDS, IDENTITIES = "silver.events", "bronze.events", "silver.identities"


def newest_events(read: Pinned, settings: RefineSettings) -> Few:
    """The events of the records that came after those that silver.events was made from.

    They are cleaned and judged as silver's are, beside each other: how a session ended, whether it
    is a robot's and which of two records of one event counts is known when silver follows. An
    event that silver has is not taken twice.

    Args:
        read: of at least `EVENTS`, `RECORDS` and `IDENTITIES`.
        settings: of the cleaning.

    Returns:
        Rows as of silver.events, in no order. None where it cannot be told which they are (under
        a catalog; records were taken away; somebody else wrote to silver) or they are many.
    """
    run, news = read.run, _news(read)
    contract = run.contracts[EVENTS]
    if news is None:
        nothing = run.lake.spark.createDataFrame([], schema(contract))
        return Few(nothing, to_arrow_schema(schema(contract)).empty_table())
    # One task: the records are few.
    made = events(news.coalesce(1), read(IDENTITIES), settings, contract)
    judged = judged_rows(run.lake, contract, made)
    return _unknown(Few.of(good_rows(judged, Pass(contract, [], judged.columns))), read)


def _unknown(fresh: Few, read: Pinned) -> Few:
    """The events that silver does not have."""
    if fresh.rows is None:
        ids = F.broadcast(fresh.frame.select("event_id"))
        told = read(EVENTS).select("event_id").join(ids, "event_id", "left_semi")
        return Few.of(fresh.frame.join(F.broadcast(told), "event_id", "left_anti"))
    ids = fresh.rows.column("event_id")
    among = "event_id", ids.to_pylist()
    known = read.run.lake.arrow(EVENTS, ["event_id"], read.versions[EVENTS], among)
    if not known.num_rows:
        return fresh
    seen = pc.is_in(ids, value_set=known.column("event_id").combine_chunks().cast(ids.type))
    return fresh.only(pc.invert(seen))


def _news(read: Pinned) -> DataFrame | None:
    """The records that came after those of silver.events; None where there are none to be told."""
    lake, until = read.run.lake, read.versions.get(RECORDS)
    last = read.run.ledger.last(read.run.contracts[EVENTS])
    if last is None or until is None or read.versions.get(EVENTS) != lake.version(EVENTS):
        return None
    since = last.inputs.get(RECORDS)
    if since is None or since >= until or not readable(lake, RECORDS, since):
        return None
    came = lake.count(RECORDS, until) - lake.count(RECORDS, since)
    return appended(lake, RECORDS, since, until) if 0 < came <= MOST else None
