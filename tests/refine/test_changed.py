"""Silver that follows what changed is the silver that is made whole (law 2)."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import DataFrame, SparkSession

from shoplake.contracts.book import load_contracts
from shoplake.governance.run import Read, Run
from shoplake.refine import changed
from shoplake.refine.persons import IDENTITIES, Persons
from shoplake.refine.rekey import keep_vault
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import SILVER, build_silver
from shoplake.refine.vault import VAULT
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import conf_dir, load

BronzeMaker = Callable[..., DataFrame]
Rows = list[dict[str, Any]]
TIED = [table for table, refinement in SILVER.items() if refinement.ties]


class Shop:
    """A lake whose silver is made whole, or follows what changed."""

    def __init__(
        self, spark: SparkSession, folder: Path, bronze: BronzeMaker, settings: RefineSettings
    ) -> None:
        self.lake = Lake(spark, dataclasses.replace(load("local"), lake=str(folder)))
        self.contracts = load_contracts(conf_dir() / "contracts")
        self.bronze, self.settings = bronze, settings
        self.told = 0
        Run("refine", self.lake, self.contracts).gate.open()

    def tell(self, sent: dict[str, Rows]) -> None:
        came = datetime(2026, 1, 1, self.told, tzinfo=UTC)
        self.told += 1
        for entity, rows in sent.items():
            frame = self.bronze(entity, *(row | {"came": came} for row in rows)).coalesce(1)
            path = str(self.lake.folder(f"bronze.{entity}"))
            frame.write.format("delta").mode("append").save(path)

    def refine(self, *, whole: bool) -> None:
        run = Run("refine", self.lake, self.contracts)
        build_silver(run, "silver.identities", self.settings)
        if self.lake.exists("bronze.feedback"):
            keep_vault(run, self.settings.pseudonym_key)
        persons = None if whole else Persons(run)
        for table in TIED:
            build_silver(run, table, self.settings, persons)

    def rows(self) -> dict[str, list[str]]:
        """Tables and their quarantines, and what the ledger says of them."""
        found = {}
        kept = [f"governance.quarantine_{table.replace('.', '_')}" for table in TIED]
        for table in (*TIED, *kept, VAULT):
            rows = self.lake.rows(table)
            found[table] = sorted(str({**r, "batch_id": None, "first_seen": None}) for r in rows)
        told = {}
        counts = ("rows_in", "rows_good", "rows_quarantined", "rows_deduplicated", "digest")
        for r in sorted(self.lake.rows("governance.ledger"), key=lambda r: r["finished_at"]):
            told[r["table_name"]] = str([r[c] for c in counts])
        found["ledger"] = sorted(f"{t} {told[t]}" for t in TIED if t in told)
        return found


@pytest.fixture
def follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes are followed however little the table, and however much of it changes."""
    monkeypatch.setattr(changed, "FROM", 0)
    monkeypatch.setattr(changed, "SHARE", 1000)


Both = Callable[..., tuple[Shop, Shop]]


@pytest.fixture
def both(
    spark: SparkSession,
    bronze: BronzeMaker,
    settings: RefineSettings,
    tmp_path: Path,
    follow: None,
) -> Both:
    """Tells a lake piece by piece, and another one all at once; both refined."""

    def tell(*pieces: dict[str, Rows]) -> tuple[Shop, Shop]:
        by_piece = Shop(spark, tmp_path / "pieces", bronze, settings)
        at_once = Shop(spark, tmp_path / "whole", bronze, settings)
        for piece in pieces:
            by_piece.tell(piece)
            at_once.tell(piece)
            by_piece.refine(whole=False)
        at_once.refine(whole=True)
        return by_piece, at_once

    return tell


def state(**versions: int) -> dict[str, int]:
    return {f"bronze.{entity}": version for entity, version in versions.items()}


def test_a_version_whose_log_is_gone_makes_the_table_whole(tmp_path: Path, follow: None) -> None:
    lake = Lake(None, dataclasses.replace(load("local"), lake=str(tmp_path)))  # type: ignore[arg-type]
    folder = lake.folder("bronze.reviews")
    for n in range(3):
        write_deltalake(str(folder), pa.table({"a": [n]}), mode="append")
    DeltaTable(str(folder)).create_checkpoint()
    for version in range(2):
        (folder / "_delta_log" / f"{version:020d}.json").unlink()
    persons = Persons(SimpleNamespace(lake=lake))  # type: ignore[arg-type]
    ties = changed.Ties("review_id")
    then, now = state(reviews=0), state(reviews=2)
    assert changed.changed(persons, "bronze.reviews", ties, _not_made, then, now) is None


def _not_made(_: Read) -> DataFrame:
    raise AssertionError


@pytest.mark.parametrize(("reads_vault", "told"), [(True, None), (False, {"shop:b", "k1", "k2"})])
def test_who_was_named_under_an_earlier_key_cannot_be_told(
    spark: SparkSession, tmp_path: Path, reads_vault: bool, told: set[str] | None
) -> None:
    lake = Lake(spark, dataclasses.replace(load("local"), lake=str(tmp_path)))
    vault = pa.table({"pseudonym": ["p1", "p2"], "retired": [True, False]})
    write_deltalake(str(lake.folder(VAULT)), vault)
    persons = Persons(SimpleNamespace(lake=lake))  # type: ignore[arg-type]
    persons._found |= {1: {"shop:b": "k1"}, 2: {"shop:b": "k2"}}
    more = {VAULT: 0} if reads_vault else {}
    assert persons.changed({IDENTITIES: 1} | more, {IDENTITIES: 2} | more) == told


def event(number: int, minute: int, **given: Any) -> dict[str, Any]:
    return {
        "row_id": f"e{number:03}", "event_id": f"{number}", "platform": "web", "kind": "view",
        "product_id": "mug", "occurred_at": f"2026-01-01 {minute // 60:02}:{minute % 60:02}:00",
    } | given  # fmt: skip


def person(number: int, name: str, link: str | None = None) -> dict[str, Any]:
    return {
        "row_id": f"p{number}", "person_id": name, "platform": "web", "link_key": link,
        "signed_up_at": "2025-01-01",
    }  # fmt: skip


@pytest.mark.slow
def test_a_late_event_joins_two_sessions(both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    first = [event(1, 0, person_id="a"), event(2, 50, person_id="a"), event(3, 0, person_id="b")]
    pieces, whole = both({"events": first}, {"events": [event(4, 25, person_id="a")]})
    out = capsys.readouterr().out
    assert "what changed" in out
    assert pieces.rows() == whole.rows()
    events = pieces.lake.rows("silver.events")
    assert len({r["session_id"] for r in events}) == 2


@pytest.mark.slow
def test_a_correction_takes_its_event_out_of_another_session(both: Both) -> None:
    """Its person was wrong, and between that person's other two events there is no longer one."""
    first = [
        event(1, 0, person_id="a"), event(2, 25, person_id="a"), event(3, 50, person_id="a"),
        event(4, 1, person_id="b"),
    ]  # fmt: skip
    later = event(5, 26, event_id="2", person_id="b")
    pieces, whole = both({"events": first}, {"events": [later]})
    assert pieces.rows() == whole.rows()
    sessions = {r["row_id"]: r["session_id"] for r in pieces.lake.rows("silver.events")}
    assert sessions["e001"] != sessions["e003"]


@pytest.mark.slow
def test_a_correction_with_the_time_of_its_event_counts(both: Both) -> None:
    """Whichever hash is the smaller."""
    first = [event(1, 0), event(12, 1, event_id="2")]
    later = [event(11, 0, event_id="1", kind="cart"), event(2, 1, kind="cart")]
    pieces, whole = both({"events": first}, {"events": later})
    assert pieces.rows() == whole.rows()
    assert {r["kind"] for r in pieces.lake.rows("silver.events")} == {"cart"}


@pytest.mark.slow
def test_a_broken_correction_takes_nothing_away_until_it_is_corrected(both: Both) -> None:
    def bought(number: int, price: str) -> Rows:
        return [event(number, number, event_id="1", kind="purchase", price=price)]

    pieces, whole = both({"events": bought(4, "3")}, {"events": bought(5, "0")})
    assert pieces.rows() == whole.rows()
    assert [str(r["price"]) for r in pieces.lake.rows("silver.events")] == ["3.0000"]
    held = "governance.quarantine_silver_events"
    assert [r["row_id"] for r in pieces.lake.rows(held)] == ["e005"]
    for shop in (pieces, whole):
        shop.tell({"events": bought(6, "2")})
        shop.refine(whole=shop is whole)
    assert pieces.rows() == whole.rows()
    assert [str(r["price"]) for r in pieces.lake.rows("silver.events")] == ["2.0000"]
    assert pieces.lake.rows(held) == []


@pytest.mark.slow
def test_events_follow_a_person_who_becomes_another(
    both: Both, capsys: pytest.CaptureFixture[str]
) -> None:
    first = [event(1, 0, person_id="a"), event(2, 20, person_id="b"), event(3, 0, person_id="c")]
    people = {"people": [person(1, "a", "L"), person(2, "c")], "events": first}
    pieces, whole = both(people, {"people": [person(3, "b", "L")], "events": [event(4, 90)]})
    assert "silver.events" in capsys.readouterr().out
    assert pieces.rows() == whole.rows()
    keys = {r["row_id"]: r["person_key"] for r in pieces.lake.rows("silver.events")}
    assert keys["e001"] == keys["e002"] != keys["e003"]


@pytest.mark.slow
def test_whatever_comes_in_whatever_pieces(both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(0)
    pieces, whole = both(*(_piece(dice, n) for n in range(3)))
    lines = [line for line in capsys.readouterr().out.splitlines() if "what changed" in line]
    assert {t for t in TIED if any(t in line for line in lines)} == set(TIED)
    assert pieces.rows() == whole.rows()


def _piece(dice: random.Random, number: int) -> dict[str, Rows]:
    """Records of every kind, with ids that come again, odd ones among them."""
    people, sessions = ["a", "b", "c", "d", None, " a ", "7.0", "7"], [None, None, "s1", "s2", ""]

    def moment() -> str:
        return f"2026-01-0{dice.randint(1, 2)} {dice.randint(8, 11):02}:{dice.randint(0, 59):02}:00"

    def common(kind: str, i: int) -> dict[str, Any]:
        return {
            "row_id": f"{kind}{number}{i:03}", "person_id": dice.choice(people),
            "product_id": dice.choice(["mug", "cup", "MUG ", None]),
            "platform": dice.choice(["web", "app", "fax"]),
        }  # fmt: skip

    def given(kind: str) -> str | None:
        return dice.choice([f"{kind}{dice.randint(0, 25)}", None])

    events = [
        common("e", i) | {
            "event_id": given("e"), "session_id": dice.choice(sessions), "occurred_at": moment(),
            "kind": dice.choice(["view", "purchase", "nod"]), "price": dice.choice(["1", "0", "x"]),
            "user_agent": dice.choice([None, None, None, "a bot"]),
        } for i in range(20)
    ]  # fmt: skip
    feedback = [
        common("f", i) | {
            "feedback_id": given("f"), "request_id": dice.choice(["q1", "q2", None]),
            "kind": dice.choice(["impression", "click"]), "occurred_at": moment(),
            "position": dice.choice([None, "1"]), "propensity": dice.choice(["0.5", "2"]),
        } for i in range(15)
    ]  # fmt: skip
    searches = [
        common("s", i) | {"search_id": given("s"), "query": "red mug", "occurred_at": moment()}
        for i in range(8)
    ]
    reviews = [common("r", i) | {"review_id": given("r"), "rating": "5"} for i in range(6)]
    messages = [common("m", i) | {"message_id": given("m"), "text": "hi"} for i in range(6)]
    who = dice.choice("abcd")
    return {
        "people": [person(10 * number, who, dice.choice([None, "L", "M"]))],
        "events": events, "feedback": feedback, "searches": searches, "reviews": reviews,
        "messages": messages,
    }  # fmt: skip


@pytest.mark.slow
def test_records_that_were_taken_away_make_the_table_whole(
    both: Both, capsys: pytest.CaptureFixture[str]
) -> None:
    pieces, whole = both({"events": [event(n, n) for n in range(5)]})
    for shop in (pieces, whole):
        shop.lake.delta("bronze.events").delete("event_id = '2'")
        shop.tell({"events": [event(9, 9)]})
    capsys.readouterr()
    pieces.refine(whole=False)
    assert "what changed" not in capsys.readouterr().out
    whole.refine(whole=True)
    assert pieces.rows() == whole.rows()
