"""Searches: one row per query a person sent."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.refine.cast import INT, PLATFORM, TIMESTAMP, cast_columns
from shoplake.refine.deduplicate import breach, mark_duplicates
from shoplake.refine.identify import resolve_people, with_identity
from shoplake.refine.records import close_silver, in_shop, open_bronze, record_key
from shoplake.refine.settings import RefineSettings
from shoplake.refine.text import normalise_query

COLUMNS = (
    "search_id", "person_key", "session_id", "shop", "platform", "query", "results",
    "occurred_at", "row_id",
)  # fmt: skip

_CASTS = {"platform": PLATFORM, "results": INT, "occurred_at": TIMESTAMP}


def searches(
    bronze_searches: DataFrame,
    identities: DataFrame | None,
    settings: RefineSettings,
    contract: Contract | None = None,
) -> DataFrame:
    """Candidates of `silver.searches`; queries are redacted and in lower case."""
    key = settings.pseudonym_key
    sent = with_identity(open_bronze(bronze_searches, key, given=("search_id",)), key)
    rows = cast_columns(sent, _CASTS).withColumns(
        {
            "search_id": record_key(F.col("search_id")),
            "session_id": in_shop(F.col("session_id")),
            "query": normalise_query(F.col("query")),
        }
    )
    rows = resolve_people(rows, identities)
    broken = breach(rows, contract)
    return close_silver(
        mark_duplicates(rows, ["search_id"], latest="occurred_at", broken=broken), COLUMNS
    )
