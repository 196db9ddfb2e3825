"""What a shop has said of its identities' links, and when: `silver.identity_links`."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from shoplake.refine.identify import resolve_people
from shoplake.refine.links import statements
from shoplake.refine.pseudonym import pseudonymise
from shoplake.refine.records import close_silver
from shoplake.refine.settings import RefineSettings

COLUMNS = (
    "identity_key", "link_key", "valid_from", "valid_to", "person_key", "shop", "key_kind",
    "is_linked", "confidence", "row_id",
)  # fmt: skip


def identity_links(
    bronze_links: DataFrame, known: DataFrame | None, settings: RefineSettings
) -> DataFrame:
    """One row per statement; it holds from `valid_from` until the next about the same two.

    Args:
        bronze_links: the records.
        known: `silver.identities`, which says whose identity it is now.
        settings: key of the pseudonyms.
    """
    key = settings.pseudonym_key
    rows = statements(bronze_links, settings)
    following = Window.partitionBy("shop", "id", "key", "speaks").orderBy("declared_at")
    identity = pseudonymise(F.concat("shop", F.lit(":"), "id"), key)
    is_linked = F.col("kind") == "link"
    told = rows.withColumns(
        {
            "identity_key": identity,
            "_identity_key": identity,
            "link_key": pseudonymise(F.concat("shop", F.lit(":link:"), "key"), key),
            "valid_from": F.col("declared_at"),
            "valid_to": F.when(F.col("speaks"), F.lead("declared_at").over(following)),
            "is_linked": is_linked,
            "confidence": F.when(is_linked, F.col("confidence")).otherwise(F.lit(0.0)),
        }
    )
    return close_silver(resolve_people(told, known), COLUMNS)
