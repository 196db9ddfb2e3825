"""Records of erased people are left out before they become rows, and counted."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.governance.erasure.suppress import is_suppressed, suppressed, suppression_key
from shoplake.governance.ledger import append
from shoplake.governance.run import Run
from shoplake.ingest.apply import given_ids
from shoplake.ingest.mapping_model import Mapping
from shoplake.runtime.console import say

_TABLE = "governance.suppressed"


def without_erased(run: Run, mapping: Mapping, records: DataFrame, batch: int | None) -> DataFrame:
    """`records` without those of erased people; how many they were goes to governance.suppressed.

    A record goes whole, with what it says of products: it must not be told whose it was.

    Args:
        run: where to look and to count.
        mapping: the shop's mapping.
        records: of `read_files`.
        batch: its number, or None where it has been counted before (a replay).
    """
    digests = suppressed(run.lake)
    if not digests:
        return records
    key = suppression_key(run.lake)
    parts = []
    for file in mapping.files:
        ids = given_ids(records, mapping, file)
        if ids is not None:
            theirs = ids.where(is_suppressed(F.col("person_id"), mapping.shop, digests, key))
            parts.append(theirs.select("file", "row", F.lit(file.path).alias("entry")).distinct())
    if not parts:
        return records
    erased = reduce(DataFrame.unionByName, parts)
    counts = {r["entry"]: r["count"] for r in erased.groupBy("entry").count().collect()}
    if not counts:
        return records
    if batch is not None:
        _count(run, mapping.shop, batch, counts)
    left_out = erased.select("file", "row", F.lit("record").alias("kind"))
    return records.join(F.broadcast(left_out), ["kind", "file", "row"], "left_anti").select(
        *records.columns
    )


def _count(run: Run, shop: str, batch: int, counts: dict[str, int]) -> None:
    say(run.step, f"[yellow]{sum(counts.values()):,} record(s) of erased people left out[/]")
    counted = run.lake.rows(_TABLE, ["entry"], {"shop": shop, "batch": batch})
    seen = {r["entry"] for r in counted}
    now = datetime.now(UTC).replace(tzinfo=None)
    rows = [(shop, batch, entry, n, now) for entry, n in counts.items() if entry not in seen]
    append(run.lake, run.contracts[_TABLE], rows)
