from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pyspark.sql import DataFrame, Row

from shoplake.refine.events import events
from shoplake.refine.sessions import sessions
from shoplake.refine.settings import RefineSettings

BronzeMaker = Callable[..., DataFrame]
START = datetime(2020, 1, 1)


def event(seconds: float, **given: Any) -> dict[str, Any]:
    at = (START + timedelta(seconds=seconds)).isoformat(" ")
    return {"person_id": "p", "kind": "view", "product_id": "a", "occurred_at": at} | given


def refined(frame: DataFrame, settings: RefineSettings) -> dict[str, Row]:
    return {row["row_id"]: row for row in events(frame, None, settings).collect()}


def test_silence_ends_an_inferred_session(bronze: BronzeMaker, settings: RefineSettings) -> None:
    frame = bronze(
        "events",
        event(0),
        event(30 * 60),
        event(60 * 60 + 1),
        event(10, person_id="q"),
        event(10, platform="app"),
        event(10, person_id=None),
        event(11, person_id=None),
    )
    found = refined(frame, settings)
    session = [found[f"r{i}"]["session_id"] for i in range(7)]
    assert session[0] == session[1]
    assert len(set(session)) == 6


def test_sent_sessions_are_kept_per_shop(bronze: BronzeMaker, settings: RefineSettings) -> None:
    frame = bronze(
        "events",
        event(0, session_id="s"),
        event(9e5, session_id="s"),
        event(0, session_id="s", shop="b"),
    )
    found = refined(frame, settings)
    assert [found[f"r{i}"]["session_id"] for i in range(3)] == ["shop:s", "shop:s", "b:s"]


def test_kinds_have_one_spelling_and_unknown_ones_are_kept(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    frame = bronze("events", event(0, kind="PAGEVIEW"), event(1, kind="teleport"))
    found = refined(frame, settings)
    assert found["r0"]["kind"] == "view"
    assert [tuple(f) for f in found["r1"]["_cast_failures"]] == [("kind", "teleport")]


def test_fast_long_and_named_machines_are_bots(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    def visit(name: str, count: int, apart: float, **given: Any) -> list[dict[str, Any]]:
        return [event(i * apart, session_id=name, **given) for i in range(count)]

    frame = bronze(
        "events",
        *visit("fast", 130, 0.9),
        *visit("long", 301, 60, kind="cart"),
        *visit("named", 1, 1, user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)"),
        *visit("reader", 60, 20, user_agent="Mozilla/5.0 (Windows NT 10.0)"),
        *visit("shown", 301, 60, kind="impression"),
    )
    found = refined(frame, settings).values()
    assert {row["session_id"] for row in found if row["is_bot"]} == {
        "shop:fast", "shop:long", "shop:named",
    }  # fmt: skip


def test_events_without_ids_are_the_same_only_if_wholly_equal(
    bronze: BronzeMaker, settings: RefineSettings
) -> None:
    frame = bronze("events", event(0), event(0), event(0, product_id="b"), event(0, event_id="e"))
    found = refined(frame, settings)
    assert {k: row["_duplicate_of"] for k, row in found.items()} == {
        "r0": None, "r1": "r0", "r2": None, "r3": None,
    }  # fmt: skip
    assert found["r3"]["event_id"] == "shop:e"


def test_session_sums_up_its_events(bronze: BronzeMaker, settings: RefineSettings) -> None:
    frame = bronze(
        "events",
        event(0, session_id="s", person_id=None),
        event(5, session_id="s", kind="purchase", platform="web"),
        event(9, session_id="s", product_id=None, kind="search"),
    )
    row = sessions(events(frame, None, settings), settings).collect()[0]
    assert (row["events"], row["products"], row["purchases"], row["platform"]) == (3, 1, 1, "web")
    assert (row["started_at"], row["ended_at"]) == (START, START + timedelta(seconds=9))
    assert row["person_key"] is not None
