"""Feedback: what people did with the recommendations they were shown."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.refine.cast import DOUBLE, INT, TIMESTAMP, cast_columns, spelling, trimmed
from shoplake.refine.deduplicate import breach, mark_duplicates
from shoplake.refine.identify import resolve_people, with_identity, with_own_keys
from shoplake.refine.pseudonym import pseudonymise
from shoplake.refine.records import close_silver, in_shop, open_bronze, product_key, record_key
from shoplake.refine.settings import RefineSettings
from shoplake.refine.vault import subject_text

COLUMNS = (
    "feedback_id", "request_id", "person_key", "product_id", "shop", "kind", "position",
    "propensity", "model_version", "occurred_at", "row_id",
)  # fmt: skip

_CASTS = {
    "position": INT,
    "propensity": DOUBLE,
    "occurred_at": TIMESTAMP,
    "kind": spelling({k: k for k in ("impression", "click", "cart", "purchase", "dismiss")}),
}


def feedback(
    bronze_feedback: DataFrame,
    identities: DataFrame | None,
    vault: DataFrame | None,
    settings: RefineSettings,
    contract: Contract | None = None,
) -> DataFrame:
    """Candidates of `silver.feedback`.

    A shop may name the person by its own id or by the `person_key` the recommendation was for,
    also one that was made with an earlier key (the vault knows whose it was) or before a link made
    the person part of another.
    """
    key = settings.pseudonym_key
    sent = with_identity(open_bronze(bronze_feedback, key, given=("feedback_id",)), key)
    rows = cast_columns(sent, _CASTS).withColumns(
        {
            "feedback_id": record_key(F.col("feedback_id")),
            "request_id": in_shop(F.col("request_id")),
            "product_id": product_key(F.col("product_id")),
            "model_version": trimmed("model_version"),
        }
    )
    if vault is not None:
        rows = _with_named_keys(rows, vault, settings)
    known = identities if identities is None else with_own_keys(identities)
    rows = resolve_people(rows, known)
    broken = breach(rows, contract)
    return close_silver(
        mark_duplicates(rows, ["feedback_id"], latest="occurred_at", broken=broken), COLUMNS
    )


def _with_named_keys(rows: DataFrame, vault: DataFrame, settings: RefineSettings) -> DataFrame:
    """`_identity_key` is the current pseudonym where `person_id` is one, whatever its key."""
    current = pseudonymise(subject_text(), settings.pseudonym_key)
    known = vault.select(F.col("pseudonym").alias("_named"), "shop", current.alias("_current"))
    named = rows.withColumn("_named", trimmed("person_id")).join(known, ["shop", "_named"], "left")
    return named.withColumn("_identity_key", F.coalesce("_current", "_identity_key"))
