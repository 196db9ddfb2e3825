"""The bronze entities: what a shop's records can be, and what silver cannot do without."""

from __future__ import annotations

from dataclasses import dataclass, field

META = ("_row_id", "_source", "_file", "_row", "_raw")


@dataclass(frozen=True)
class Entity:
    """One bronze table's own columns, all of them strings.

    Attributes:
        columns: in the table's order.
        required: columns that every mapping of the entity must fill.
        time: the column that says when, left out of comparison by `distinct`.
        words: column -> the values that mean something downstream.
    """

    columns: tuple[str, ...]
    required: tuple[str, ...]
    time: str | None
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)


_PLATFORM = ("web", "app", "store")
_LINE = ("product", "service")


def _columns(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ENTITIES: dict[str, Entity] = {
    "events": Entity(
        columns=_columns(
            "event_id person_id session_id platform kind product_id query position quantity price"
            " user_agent country occurred_at"
        ),
        required=("kind", "occurred_at"),
        time="occurred_at",
        words={
            "platform": _PLATFORM,
            "kind": _columns("search impression view click cart purchase return"),
        },
    ),
    "orders": Entity(
        columns=_columns(
            "order_id line_id person_id product_id product_name quantity unit_price currency kind"
            " line_kind country platform ordered_at"
        ),
        required=_columns(
            "order_id product_id quantity unit_price currency kind line_kind ordered_at"
        ),
        time="ordered_at",
        words={
            "platform": _PLATFORM,
            "kind": _columns("sale cancellation adjustment"),
            "line_kind": _LINE,
        },
    ),
    "products": Entity(
        columns=_columns(
            "product_id name description category brand seller price currency stock attributes"
            " kind mentions updated_at"
        ),
        required=("product_id", "name"),
        time="updated_at",
        words={"kind": _LINE},
    ),
    "people": Entity(
        columns=_columns(
            "person_id platform link_key name email phone address country birth_year segment"
            " consent signed_up_at"
        ),
        required=("person_id", "platform"),
        time="signed_up_at",
        words={"platform": _PLATFORM, "consent": ("true", "false")},
    ),
    "links": Entity(
        columns=_columns("person_id key_kind link_key confidence kind declared_at"),
        required=_columns("person_id key_kind link_key declared_at"),
        time="declared_at",
        words={"kind": ("link", "unlink")},
    ),
    "searches": Entity(
        columns=_columns("search_id person_id session_id platform query results occurred_at"),
        required=("query", "occurred_at"),
        time="occurred_at",
        words={"platform": _PLATFORM},
    ),
    "judgements": Entity(
        columns=_columns("judgement_id query product_id relevance judged_at"),
        required=("query", "product_id", "relevance"),
        time="judged_at",
    ),
    "reviews": Entity(
        columns=_columns("review_id person_id product_id rating title text written_at"),
        required=("product_id", "rating"),
        time="written_at",
    ),
    "messages": Entity(
        columns=_columns("message_id person_id channel text intent sent_at"),
        required=("text",),
        time="sent_at",
    ),
    "feedback": Entity(
        columns=_columns(
            "feedback_id request_id person_id product_id kind position propensity model_version"
            " occurred_at"
        ),
        required=_columns("request_id person_id product_id kind occurred_at"),
        time="occurred_at",
        words={"kind": _columns("impression click cart purchase dismiss")},
    ),
}
