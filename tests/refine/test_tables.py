"""Every silver table: columns and types as specified, and every bronze row accounted for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from shoplake.refine.identify import identities
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import SILVER
from shoplake.refine.vault import vault

BronzeMaker = Callable[..., DataFrame]
MONEY = "decimal(18,4)"
SCHEMAS = {
    "silver.people": "person_key string, shop string, platforms array<string>, country string, "
    "birth_decade int, segment string, consent boolean, signed_up_on date, row_id string",
    "silver.identities": "identity_key string, person_key string, shop string, platform string, "
    "linked_by string, confidence double, own_key string, row_id string",
    "silver.identity_links": "identity_key string, link_key string, valid_from timestamp, valid_to "
    "timestamp, person_key string, shop string, key_kind string, is_linked boolean, confidence "
    "double, row_id string",
    "silver.products": "product_id string, valid_from timestamp, valid_to timestamp, is_current "
    "boolean, shop string, name string, description string, category string, brand string, seller "
    f"string, price {MONEY}, currency string, stock int, attributes string, kind string, text "
    "string, row_id string",
    "silver.orders": "order_line_id string, order_id string, person_key string, product_id string, "
    f"shop string, kind string, line_kind string, quantity int, unit_price {MONEY}, currency "
    f"string, amount {MONEY}, cancelled_quantity int, net_quantity int, cancels_order_line_id "
    "string, is_outlier boolean, country string, platform string, ordered_at timestamp, "
    "order_date date, row_id string",
    "silver.events": "event_id string, person_key string, session_id string, shop string, platform "
    f"string, kind string, product_id string, query string, position int, quantity int, price "
    f"{MONEY}, country string, occurred_at timestamp, event_date date, is_bot boolean, "
    "row_id string",
    "silver.sessions": "session_id string, person_key string, shop string, platform string, "
    "started_at timestamp, ended_at timestamp, events int, products int, purchases int, "
    "is_bot boolean",
    "silver.searches": "search_id string, person_key string, session_id string, shop string, "
    "platform string, query string, results int, occurred_at timestamp, row_id string",
    "silver.judgements": "judgement_id string, shop string, query string, product_id string, "
    "relevance double, row_id string",
    "silver.reviews": "review_id string, person_key string, product_id string, shop string, rating "
    "int, title string, text string, written_at timestamp, row_id string",
    "silver.messages": "message_id string, person_key string, shop string, channel string, text "
    "string, intent string, sent_at timestamp, row_id string",
    "silver.feedback": "feedback_id string, request_id string, person_key string, product_id "
    "string, shop string, kind string, position int, propensity double, model_version string, "
    "occurred_at timestamp, row_id string",
    "governance.vault": "pseudonym string, kind string, shop string, value string, key_id string, "
    "retired boolean, first_seen timestamp",
}
EVIDENCE = ", _cast_failures array<struct<column:string,value:string>>, _duplicate_of string"


def sources(table: str, made: dict[str, DataFrame]) -> list[DataFrame | None]:
    return [made.get(source) for source in SILVER[table].sources]


@pytest.mark.parametrize("table", SILVER)
def test_columns_are_as_specified(
    spark: SparkSession, bronze: BronzeMaker, settings: RefineSettings, table: str
) -> None:
    made: dict[str, DataFrame] = {}
    for source in SILVER[table].sources:
        layer, entity = source.split(".")
        made[source] = (
            bronze(entity) if layer == "bronze" else spark.createDataFrame([], SCHEMAS[source])
        )
    found = SILVER[table].build(*sources(table, made), settings).schema
    expected = StructType.fromDDL(SCHEMAS[table] + EVIDENCE)
    assert [(f.name, f.dataType.simpleString()) for f in found] == [
        (f.name, f.dataType.simpleString()) for f in expected
    ]


def test_tables_come_after_what_they_read() -> None:
    order = list(SILVER)
    late = [
        (table, source)
        for table, refinement in SILVER.items()
        for source in refinement.sources
        if source in SILVER and order.index(source) > order.index(table)
    ]
    assert late == []


SENT: dict[str, dict[str, Any]] = {
    "searches": {"query": "Red &amp; Blue", "results": "3", "occurred_at": "2020-01-01"},
    "judgements": {"query": "Red MUG", "product_id": "a", "relevance": "2.33"},
    "reviews": {"product_id": "a", "rating": "5", "text": "mail me: a@b.io"},
    "messages": {"text": "<b>call</b> 020 7946 0958", "channel": "Chat"},
    "feedback": {"feedback_id": "f", "person_id": "p", "product_id": "SHOP:a", "kind": "Click"},
}


@pytest.mark.parametrize(
    ("entity", "column", "value"),
    [
        ("searches", "query", "red & blue"),
        ("judgements", "query", "red mug"),
        ("judgements", "relevance", 2.33),
        ("reviews", "text", "mail me: [email]"),
        ("reviews", "rating", 5),
        ("messages", "text", "call [phone]"),
        ("messages", "channel", "chat"),
        ("feedback", "product_id", "shop:A"),
        ("feedback", "kind", "click"),
    ],
)
def test_thin_tables_clean_and_deduplicate(
    bronze: BronzeMaker, settings: RefineSettings, entity: str, column: str, value: Any
) -> None:
    frame = bronze(entity, SENT[entity], SENT[entity])
    table = f"silver.{entity}"
    rows = SILVER[table].build(*sources(table, {f"bronze.{entity}": frame}), settings).collect()
    assert {(row["row_id"], row["_duplicate_of"]) for row in rows} == {("r0", None), ("r1", "r0")}
    assert {row[column] for row in rows} == {value}


def test_feedback_may_name_the_person_by_key(bronze: BronzeMaker, settings: RefineSettings) -> None:
    people = bronze("people", {"person_id": "p", "link_key": "L"})
    known = identities(people, settings)
    whose = vault(("bronze.people",), lambda _: people, None, settings.pseudonym_key)
    key = known.first()["person_key"]  # type: ignore[index]
    frame = bronze("feedback", {"person_id": key}, {"person_id": "p", "feedback_id": "f"})
    rows = SILVER["silver.feedback"].build(frame, known, whose, settings).collect()
    assert [row["person_key"] for row in rows] == [key, key]
