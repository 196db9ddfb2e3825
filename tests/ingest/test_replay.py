"""Held records enter once their mapping is mended, each once, whatever is killed when."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.contracts.book import ContractBook, load_contracts
from shoplake.contracts.model import Rule
from shoplake.governance import ledger
from shoplake.governance.run import Run, open_run
from shoplake.governance.trial import Trial
from shoplake.ingest import replay as replaying
from shoplake.ingest.landing import land
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.mapping_model import Mapping
from shoplake.ingest.registry import FileRegistry
from shoplake.ingest.replay import replay
from shoplake.ingest.withdraw import Whom, withdraw
from shoplake.runtime.settings import conf_dir, load

MAPPING = """
shop: corner
timezone: UTC
currency: EUR
files:
  - path: "orders/*.csv"
    format: csv
    columns: [no, line, who, item, units, price, at]
    entities:
      orders:
        where: "{where}"
        columns:
          order_id: no
          line_id: line
          person_id: who
          product_id: item
          quantity: {units}
          unit_price: price
          kind: {{const: sale}}
          line_kind: {{const: product}}
          ordered_at: {{column: at, timestamp: ["yyyy-MM-dd HH:mm:ss"]}}
"""
LINES = """no,line,who,item,units,price,at
1,1,ann,cup,2,3.5,2026-01-01 10:00:00
2,1,bob,cup,,3.5,2026-01-01 11:00:00
3,1,cem
"""


def runs(spark: SparkSession, folder: Path) -> Callable[[], Run]:
    settings = dataclasses.replace(load("local"), lake=str(folder / "lake"))
    return lambda: open_run("ingest", spark, settings)


@pytest.fixture(scope="module")
def landed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day's file, taken under a mapping that turns lines without a quantity away."""
    folder = tmp_path_factory.mktemp("landed")
    (folder / "data" / "orders").mkdir(parents=True)
    (folder / "data" / "orders" / "2026-01-01.csv").write_text(LINES)
    land(runs(spark, folder)(), mapping(folder, "units IS NOT NULL"), str(folder / "data"))
    return folder


@pytest.fixture
def fresh(spark: SparkSession, tmp_path: Path) -> Callable[[], Run]:
    return runs(spark, tmp_path)


@pytest.fixture
def folder(landed: Path, tmp_path: Path) -> Path:
    """A copy of that lake and its data; tables and files know no place but their own."""
    for name in ("data", "lake"):
        shutil.copytree(landed / name, tmp_path / name)
    return tmp_path / "data"


def mapping(tmp_path: Path, where: str, units: str = "units") -> Mapping:
    path = tmp_path / "corner.yml"
    path.write_text(MAPPING.format(where=where, units=units))
    return load_mapping(path)


def state(run: Run) -> tuple[list[str], list[int]]:
    orders = sorted(r.order_id for r in run.lake.read("bronze.orders").collect())
    return orders, sorted(r._row for r in run.lake.read("bronze.unread").collect())


def versions(run: Run) -> dict[str, int]:
    return run.versions(["bronze.orders", "bronze.unread", "governance.ledger"])


@pytest.mark.slow
def test_a_mended_mapping_lets_the_record_in(
    folder: Path, tmp_path: Path, fresh: Callable[[], Run]
) -> None:
    assert state(fresh()) == (["1"], [2, 3])
    (read,) = fresh().lake.read("bronze.unread").select("_ingested_at").distinct().collect()
    found = replay(fresh(), mapping(tmp_path, "no IS NOT NULL"), str(folder))
    assert found == [
        Trial("bronze.orders", passed=1, held=0),
        Trial("bronze.unread", passed=1, held=1, rules={"unread": 1}),
    ]
    assert state(fresh()) == (["1", "2"], [3])
    (entered,) = fresh().lake.read("bronze.orders").where("order_id = '2'").collect()
    assert entered["_ingested_at"] == read["_ingested_at"], "it counts from when it was read"


@pytest.mark.slow
def test_a_dry_run_says_the_same_and_writes_nothing(
    folder: Path, tmp_path: Path, fresh: Callable[[], Run]
) -> None:
    before = versions(fresh())
    mended = mapping(tmp_path, "no IS NOT NULL")
    said = replay(fresh(), mended, str(folder), dry_run=True)
    assert versions(fresh()) == before
    assert replay(fresh(), mended, str(folder)) == said


@pytest.mark.slow
def test_replaying_twice_changes_nothing(
    folder: Path, tmp_path: Path, fresh: Callable[[], Run]
) -> None:
    mended = mapping(tmp_path, "no IS NOT NULL")
    replay(fresh(), mended, str(folder))
    before = versions(fresh())
    replay(fresh(), mended, str(folder))
    assert versions(fresh()) == before


HELD = "governance.quarantine_bronze_orders"


@pytest.mark.slow
def test_replaying_twice_changes_nothing_where_one_of_two_held_rows_entered(
    tmp_path: Path, fresh: Callable[[], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {c.table: c for c in load_contracts(conf_dir() / "contracts")}
    strict = Rule("quantity_not_null", "not_null", ("quantity",))
    orders = dataclasses.replace(known["bronze.orders"], rules=(strict,))
    book = ContractBook({**known, orders.table: orders})
    monkeypatch.setattr("shoplake.governance.run.load_contracts", lambda _: book)
    data = tmp_path / "data"
    (data / "orders").mkdir(parents=True)
    (data / "orders" / "2026-01-01.csv").write_text(
        LINES.replace("3,1,cem", "3,,cem,cup,,3.5,2026-01-01 12:00:00")
    )
    sent = mapping(tmp_path, "no IS NOT NULL")
    land(fresh(), sent, str(data))
    tables = ["bronze.orders", HELD, "governance.ledger"]
    assert fresh().lake.read(HELD).count() == 2
    # Mended: a line that is numbered has as many units.
    mended = mapping(tmp_path, "no IS NOT NULL", units='{sql: "coalesce(units, line)"}')
    (first,) = replay(fresh(), mended, str(data))
    assert (first.passed, first.held) == (1, 1)
    before = fresh().versions(tables)
    (second,) = replay(fresh(), mended, str(data))
    assert (second.passed, second.held) == (0, 1)
    assert fresh().versions(tables) == before
    (held,) = fresh().lake.read(HELD).collect()
    assert '"person_id":"***"' in held.record


@pytest.mark.slow
def test_a_replay_that_died_before_it_forgot_is_finished_once(
    folder: Path, tmp_path: Path, fresh: Callable[[], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    mended = mapping(tmp_path, "no IS NOT NULL")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(replaying, "_forget", die)
        with pytest.raises(KeyboardInterrupt):
            replay(fresh(), mended, str(folder))
    replay(fresh(), mended, str(folder))
    assert state(fresh()) == (["1", "2"], [3])


@pytest.mark.slow
def test_a_file_that_changed_since_is_not_taken_for_the_one_that_was_read(
    folder: Path, tmp_path: Path, fresh: Callable[[], Run]
) -> None:
    (folder / "orders" / "2026-01-01.csv").write_text(LINES.replace("bob", "eve"))
    found = replay(fresh(), mapping(tmp_path, "no IS NOT NULL"), str(folder))
    assert found == [Trial("bronze.unread", passed=0, held=0, gone=2)]
    assert state(fresh()) == (["1"], [2, 3])


@pytest.mark.slow
def test_rows_of_a_file_that_an_erasure_rewrote_are_not_taken_for_those_that_were_held(
    folder: Path, tmp_path: Path, fresh: Callable[[], Run]
) -> None:
    run, mended = fresh(), mapping(tmp_path, "no IS NOT NULL")
    registry = FileRegistry(run.lake, run.contracts["governance.files"], mended.shop, "")
    whom = Whom(frozenset({"ann"}), frozenset(), lambda text: text)
    path = folder / "orders" / "2026-01-01.csv"
    assert withdraw(mended, folder, path, whom, registry) == (1, 0)
    found = replay(fresh(), mended, str(folder))
    assert found == [Trial("bronze.unread", passed=0, held=0, gone=2)]
    assert state(fresh()) == (["1"], [2, 3])


@pytest.mark.slow
def test_an_unread_row_of_older_content_is_not_taken_for_that_of_newer(
    folder: Path, tmp_path: Path, fresh: Callable[[], Run]
) -> None:
    path = folder / "orders" / "2026-01-01.csv"
    path.write_text(path.read_text().replace("ann", "eve"))
    land(fresh(), mapping(tmp_path, "units IS NOT NULL"), str(folder))
    assert state(fresh()) == (["1", "1"], [2, 2, 3, 3])
    found = replay(fresh(), mapping(tmp_path, "no IS NOT NULL"), str(folder))
    left = Trial("bronze.unread", passed=1, held=1, rules={"unread": 1}, gone=2)
    assert found == [Trial("bronze.orders", passed=1, held=0), left]
    assert state(fresh()) == (["1", "1", "2"], [2, 3, 3])


@pytest.mark.slow
def test_what_comes_later_arrived_later_where_the_clock_was_put_back(
    folder: Path, tmp_path: Path, fresh: Callable[[], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = mapping(tmp_path, "units IS NOT NULL")
    (folder / "orders" / "2026-01-02.csv").write_text(LINES)

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + timedelta(days=2)

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "datetime", Ahead)
        land(fresh(), known, str(folder))
    (folder / "orders" / "2026-01-03.csv").write_text(LINES)
    land(fresh(), known, str(folder))
    rows = fresh().lake.read("bronze.orders").orderBy("_file").collect()
    arrived = [row["_ingested_at"] for row in rows]
    assert arrived == sorted(set(arrived))
