"""Judgements: how relevant a person found a product for a query."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.refine.cast import DOUBLE, TIMESTAMP, cast_columns
from shoplake.refine.deduplicate import breach, mark_duplicates
from shoplake.refine.records import close_silver, open_bronze, product_key, record_key
from shoplake.refine.settings import RefineSettings
from shoplake.refine.text import normalise_query

COLUMNS = ("judgement_id", "shop", "query", "product_id", "relevance", "row_id")

_CASTS = {"relevance": DOUBLE, "judged_at": TIMESTAMP}


def judgements(
    bronze_judgements: DataFrame, settings: RefineSettings, contract: Contract | None = None
) -> DataFrame:
    """Candidates of `silver.judgements`; queries are spelled as in `silver.searches`."""
    sent = open_bronze(bronze_judgements, settings.pseudonym_key, given=("judgement_id",))
    rows = cast_columns(sent, _CASTS).withColumns(
        {
            "judgement_id": record_key(F.col("judgement_id")),
            "query": normalise_query(F.col("query")),
            "product_id": product_key(F.col("product_id")),
        }
    )
    broken = breach(rows, contract)
    return close_silver(
        mark_duplicates(rows, ["judgement_id"], latest="judged_at", broken=broken), COLUMNS
    )
