"""Events in one vocabulary, each in a session, and machines told from people."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.refine.cast import INT, MONEY, PLATFORM, TIMESTAMP, cast_columns, spelling, trimmed
from shoplake.refine.deduplicate import STANDS, breach, mark_duplicates
from shoplake.refine.identify import resolve_people, with_identity
from shoplake.refine.records import close_silver, in_shop, open_bronze, product_key, record_key
from shoplake.refine.settings import BotThresholds, RefineSettings
from shoplake.refine.text import normalise_query, normalise_text

COLUMNS = (
    "event_id", "person_key", "session_id", "shop", "platform", "kind", "product_id", "query",
    "position", "quantity", "price", "country", "occurred_at", "event_date", "is_bot", "row_id",
)  # fmt: skip

_MICROS_A_MINUTE = 60_000_000
_CASTS = {
    "platform": PLATFORM,
    "position": INT,
    "quantity": INT,
    "price": MONEY,
    "occurred_at": TIMESTAMP,
    "kind": spelling(
        {
            "search": "search",
            "impression": "impression",
            "view": "view",
            "pageview": "view",
            "page_view": "view",
            "page": "view",
            "product_view": "view",
            "view_item": "view",
            "click": "click",
            "select_item": "click",
            "cart": "cart",
            "add_to_cart": "cart",
            "addtocart": "cart",
            "purchase": "purchase",
            "order": "purchase",
            "transaction": "purchase",
            "return": "return",
            "refund": "return",
        }
    ),
}


def events(
    bronze_events: DataFrame,
    identities: DataFrame | None,
    settings: RefineSettings,
    contract: Contract | None = None,
) -> DataFrame:
    """Candidates of `silver.events`, one row per bronze row.

    Args:
        bronze_events: events as sent.
        identities: `silver.identities`, or None where no shop sends people.
        settings: key and thresholds.
        contract: of the table; None: no event will be held for what it says.
    """
    key = settings.pseudonym_key
    sent = with_identity(open_bronze(bronze_events, key, given=("event_id",)), key)
    rows = cast_columns(sent, _CASTS).withColumns(
        {
            "event_id": record_key(F.col("event_id")),
            "product_id": product_key(F.col("product_id")),
            "query": normalise_query(F.col("query")),
            "country": normalise_text(F.col("country")),
            "event_date": F.col("occurred_at").cast("date"),
        }
    )
    rows = resolve_people(rows, identities)
    # The session is still as sent.
    broken = breach(rows, contract, later=["session_id"])
    rows = mark_duplicates(rows, ["event_id"], latest="occurred_at", broken=broken)
    sessions = with_sessions(rows, settings.session_gap_minutes)
    return close_silver(with_bots(sessions, settings.bots), COLUMNS)


def with_sessions(events: DataFrame, gap_minutes: int) -> DataFrame:
    """Events whose `session_id` is `<shop>:<id>`, inferred where the shop sent none.

    An inferred session is one person on one platform until `gap_minutes` pass without an event;
    an anonymous event without a session is a session of its own.

    Args:
        events: columns shop, person_key, platform, session_id (as sent), event_id, occurred_at,
            row_id, `_stands`.
        gap_minutes: silence that ends a session.
    """
    sent = in_shop(F.col("session_id"))
    person = F.concat_ws("|", "person_key", "platform")
    visitor = F.coalesce(
        sent, F.when(F.col("person_key").isNotNull(), F.concat_ws("|", "shop", person)), "event_id"
    )
    # Duplicates must not bridge a gap, nor an event that is held while an earlier one stands.
    visit = Window.partitionBy("_visitor", STANDS).orderBy("occurred_at", "row_id")
    pause = F.unix_micros("occurred_at") - F.unix_micros(F.lag("occurred_at").over(visit))
    begins = F.coalesce(pause > gap_minutes * _MICROS_A_MINUTE, F.lit(True))
    started = F.last(F.when(F.col("_begins"), F.col("occurred_at")), ignorenulls=True).over(visit)
    begin = F.concat(F.col("_visitor"), F.lit("|"), F.unix_micros(started).cast("string"))
    inferred = F.concat(F.col("shop"), F.lit(":~"), F.substring(F.sha2(begin, 256), 1, 32))
    return (
        events.withColumn("_visitor", visitor)
        .withColumn("_begins", begins)
        .withColumn("session_id", F.coalesce(sent, inferred))
    )


def with_bots(events: DataFrame, bots: BotThresholds) -> DataFrame:
    """Events with `is_bot`: their session is faster, longer or named otherwise than a person.

    Args:
        events: columns session_id, kind, occurred_at, user_agent, `_stands`.
        bots: the thresholds.
    """
    session = Window.partitionBy("session_id", STANDS)
    micros = F.unix_micros("occurred_at")
    minutes = F.greatest(
        (F.max(micros).over(session) - F.min(micros).over(session)) / F.lit(_MICROS_A_MINUTE),
        F.lit(1.0),
    )
    looked = F.count(F.when(F.col("kind").isin("view", "click"), 1)).over(session)
    actions = F.count(F.when(F.col("kind") != "impression", 1)).over(session)
    named = F.coalesce(trimmed("user_agent").rlike(bots.user_agent), F.lit(False))
    is_bot = (
        (looked > minutes * bots.actions_per_minute)
        | (actions > bots.actions_per_session)
        | F.max(named).over(session)
    )
    # A row without a time has no session to judge by.
    judged = F.when(F.col("session_id").isNotNull(), is_bot).otherwise(named)
    return events.withColumn("is_bot", F.coalesce(judged, F.lit(False)))
