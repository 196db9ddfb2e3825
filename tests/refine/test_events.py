from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row

from shoplake.contracts.book import load_contracts
from shoplake.refine.events import events
from shoplake.refine.sessions import sessions
from shoplake.refine.settings import RefineSettings
from shoplake.runtime.settings import conf_dir

BronzeMaker = Callable[..., DataFrame]
START = datetime(2020, 1, 1)


def event(seconds: float, **given: Any) -> dict[str, Any]:
    at = (START + timedelta(seconds=seconds)).isoformat(" ")
    return {"person_id": "p", "kind": "view", "product_id": "a", "occurred_at": at} | given


def visit(name: str, count: int, apart: float, **given: Any) -> list[dict[str, Any]]:
    return [event(i * apart, session_id=name, **given) for i in range(count)]


#: Each is a shop of its own, so that one build answers every test.
SHOPS: dict[str, list[dict[str, Any]]] = {
    "silence": [
        event(0),
        event(30 * 60),
        event(60 * 60 + 1),
        event(10, person_id="q"),
        event(10, platform="app"),
        event(10, person_id=None),
        event(11, person_id=None),
    ],
    "sent": [event(0, session_id="s"), event(9e5, session_id="s")],
    "sent too": [event(0, session_id="s")],
    "kinds": [event(0, kind="PAGEVIEW"), event(1, kind="teleport")],
    "bots": [
        *visit("fast", 130, 0.9),
        *visit("long", 301, 60, kind="cart"),
        *visit("named", 1, 1, user_agent="Mozilla/5.0 (compatible; Googlebot/2.1)"),
        *visit("reader", 60, 20, user_agent="Mozilla/5.0 (Windows NT 10.0)"),
        *visit("shown", 301, 60, kind="impression"),
    ],
    "corrected": [
        event(0, event_id="1", price="3"),
        event(60 * 40, event_id="2"),
        # Held: it would bring the two into one session, and make a robot of it.
        event(60 * 20, event_id="1", price="-3", user_agent="a bot"),
        event(9, event_id="3", price="-1"),
        event(10, event_id="3", price="1"),
    ],
    "no ids": [event(0), event(0), event(0, product_id="b"), event(0, event_id="e")],
    "summed up": [
        event(0, session_id="s", person_id=None),
        event(5, session_id="s", kind="purchase", platform="web"),
        event(9, session_id="s", product_id=None, kind="search"),
    ],
}
Shops = dict[str, list[Row]]


@pytest.fixture(scope="module")
def table(bronze: BronzeMaker, settings: RefineSettings) -> Iterator[DataFrame]:
    sent = [
        row | {"shop": shop, "row_id": f"{shop}/{i:03}"}
        for shop, rows in SHOPS.items()
        for i, row in enumerate(rows)
    ]
    rules = load_contracts(conf_dir() / "contracts")["silver.events"]
    made = events(bronze("events", *sent), None, settings, rules).persist()
    yield made
    made.unpersist()


@pytest.fixture(scope="module")
def shops(table: DataFrame) -> Shops:
    found: Shops = {shop: [] for shop in SHOPS}
    for row in sorted(table.collect(), key=lambda row: row["row_id"]):
        found[row["shop"]].append(row)
    return found


def test_silence_ends_an_inferred_session(shops: Shops) -> None:
    session = [row["session_id"] for row in shops["silence"]]
    assert session[0] == session[1]
    assert len(set(session)) == 6


def test_sent_sessions_are_kept_per_shop(shops: Shops) -> None:
    assert [row["session_id"] for row in shops["sent"]] == ["sent:s", "sent:s"]
    assert [row["session_id"] for row in shops["sent too"]] == ["sent too:s"]


def test_kinds_have_one_spelling_and_unknown_ones_are_kept(shops: Shops) -> None:
    known, unknown = shops["kinds"]
    assert known["kind"] == "view"
    assert [tuple(f) for f in unknown["_cast_failures"]] == [("kind", "teleport")]


def test_fast_long_and_named_machines_are_bots(shops: Shops) -> None:
    assert {row["session_id"] for row in shops["bots"] if row["is_bot"]} == {
        "bots:fast", "bots:long", "bots:named",
    }  # fmt: skip


def test_events_without_ids_are_the_same_only_if_wholly_equal(shops: Shops) -> None:
    found = shops["no ids"]
    assert [row["_duplicate_of"] for row in found] == [None, "no ids/000", None, None]
    assert found[3]["event_id"] == "no ids:e"


def test_a_correction_that_will_be_held_takes_no_event_out_of_its_session(shops: Shops) -> None:
    first, other, held, broken, mended = shops["corrected"]
    kept = [r["_duplicate_of"] for r in (first, other, held, broken, mended)]
    assert kept == [None, None, None, "corrected/004", None]
    assert first["session_id"] == mended["session_id"] != other["session_id"]
    assert [r["is_bot"] for r in (first, other, held)] == [False, False, True]


def test_session_sums_up_its_events(table: DataFrame, settings: RefineSettings) -> None:
    (row,) = sessions(table.where("shop = 'summed up'"), settings).collect()
    assert (row["events"], row["products"], row["purchases"], row["platform"]) == (3, 1, 1, "web")
    assert (row["started_at"], row["ended_at"]) == (START, START + timedelta(seconds=9))
    assert row["person_key"] is not None
