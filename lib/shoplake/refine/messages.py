"""Messages: what people wrote to the shop, without personal data."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.refine.cast import TIMESTAMP, cast_columns, trimmed
from shoplake.refine.deduplicate import breach, mark_duplicates
from shoplake.refine.identify import resolve_people, with_identity
from shoplake.refine.records import close_silver, open_bronze, record_key
from shoplake.refine.settings import RefineSettings
from shoplake.refine.text import normalise_text, redact_text

COLUMNS = (
    "message_id", "person_key", "shop", "channel", "text", "intent", "sent_at", "row_id",
)  # fmt: skip

_CASTS = {"sent_at": TIMESTAMP}


def messages(
    bronze_messages: DataFrame,
    identities: DataFrame | None,
    settings: RefineSettings,
    contract: Contract | None = None,
) -> DataFrame:
    """Candidates of `silver.messages`; channel and intent are in lower case."""
    key = settings.pseudonym_key
    sent = with_identity(open_bronze(bronze_messages, key, given=("message_id",)), key)
    rows = cast_columns(sent, _CASTS).withColumns(
        {
            "message_id": record_key(F.col("message_id")),
            "channel": F.lower(trimmed("channel")),
            "text": redact_text(normalise_text(F.col("text"))),
            "intent": F.lower(trimmed("intent")),
        }
    )
    rows = resolve_people(rows, identities)
    broken = breach(rows, contract)
    return close_silver(
        mark_duplicates(rows, ["message_id"], latest="sent_at", broken=broken), COLUMNS
    )
