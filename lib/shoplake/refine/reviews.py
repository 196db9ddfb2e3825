"""Reviews: a rating and a text without personal data."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.refine.cast import INT, TIMESTAMP, cast_columns
from shoplake.refine.deduplicate import breach, mark_duplicates
from shoplake.refine.identify import resolve_people, with_identity
from shoplake.refine.records import close_silver, open_bronze, product_key, record_key
from shoplake.refine.settings import RefineSettings
from shoplake.refine.text import normalise_text, redact_text

COLUMNS = (
    "review_id", "person_key", "product_id", "shop", "rating", "title", "text", "written_at",
    "row_id",
)  # fmt: skip

_CASTS = {"rating": INT, "written_at": TIMESTAMP}


def reviews(
    bronze_reviews: DataFrame,
    identities: DataFrame | None,
    settings: RefineSettings,
    contract: Contract | None = None,
) -> DataFrame:
    """Candidates of `silver.reviews`; a review sent again with the same id is its newer version."""
    key = settings.pseudonym_key
    sent = with_identity(open_bronze(bronze_reviews, key, given=("review_id",)), key)
    rows = cast_columns(sent, _CASTS).withColumns(
        {
            "review_id": record_key(F.col("review_id")),
            "product_id": product_key(F.col("product_id")),
            "title": redact_text(normalise_text(F.col("title"))),
            "text": redact_text(normalise_text(F.col("text"))),
        }
    )
    rows = resolve_people(rows, identities)
    broken = breach(rows, contract)
    return close_silver(
        mark_duplicates(rows, ["review_id"], latest="written_at", broken=broken), COLUMNS
    )
