"""Files into bronze: each once, bad ones held, nothing lost."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from shoplake.governance import publish as publishing
from shoplake.governance.run import Run, open_run
from shoplake.ingest import landing
from shoplake.ingest.landing import land
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.mapping_model import Mapping
from shoplake.runtime.settings import load

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
        where: "units IS NOT NULL"
        columns:
          order_id: no
          line_id: line
          person_id: who
          product_id: item
          quantity: units
          unit_price: price
          kind: {const: sale}
          line_kind: {const: product}
          ordered_at: {column: at, timestamp: ["yyyy-MM-dd HH:mm:ss"]}
      products:
        distinct: true
        where: "units IS NOT NULL"
        columns:
          product_id: item
          name: item
          kind: {const: product}
          updated_at: {column: at, timestamp: ["yyyy-MM-dd HH:mm:ss"]}
"""
HEADER = "no,line,who,item,units,price,at\n"


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Mapping, Path]:
    path = tmp_path / "corner.yml"
    path.write_text(MAPPING)
    (tmp_path / "data" / "orders").mkdir(parents=True)
    return load_mapping(path), tmp_path / "data"


@pytest.fixture
def fresh(spark: SparkSession, tmp_path: Path) -> Callable[[], Run]:
    """Another run on the same lake, as another process would have."""
    settings = dataclasses.replace(load("local"), lake=str(tmp_path / "lake"))
    return lambda: open_run("ingest", spark, settings)


def day(folder: Path, date: str, *lines: str) -> None:
    (folder / "orders" / f"{date}.csv").write_text(HEADER + "\n".join(lines) + "\n")


def rows(run: Run, table: str = "bronze.orders") -> list[str]:
    return sorted(r.order_id for r in run.lake.read(table).collect())


@pytest.mark.slow
def test_only_new_files_are_read_on_a_rerun(
    shop: tuple[Mapping, Path], fresh: Callable[[], Run]
) -> None:
    mapping, folder = shop
    day(folder, "2026-01-01", "1,1,ann,cup,2,3.5,2026-01-01 10:00:00")
    land(fresh(), mapping, str(folder))
    version = fresh().lake.version("bronze.orders")
    land(fresh(), mapping, str(folder))
    assert fresh().lake.version("bronze.orders") == version
    day(folder, "2026-01-02", "2,1,bob,cup,1,3.5,2026-01-02 10:00:00")
    land(fresh(), mapping, str(folder))
    assert rows(fresh()) == ["1", "2"]


def test_a_bad_file_is_held_and_the_others_go_through(
    shop: tuple[Mapping, Path], fresh: Callable[[], Run]
) -> None:
    mapping, folder = shop
    day(folder, "2026-01-01", "1,1,ann,cup,2,3.5,2026-01-01 10:00:00")
    (folder / "orders" / "2026-01-02.csv").write_text("no,line\n9,1\n")
    run = fresh()
    land(run, mapping, str(folder))
    assert rows(run) == ["1"]
    files = {r.file: r for r in run.lake.read("governance.files").collect() if r.state != "planned"}
    held = files["orders/2026-01-02.csv"]
    assert held.state == "quarantined"
    assert "'who' is missing" in held.reason


@pytest.mark.slow
def test_records_no_table_takes_are_kept_as_sent(
    shop: tuple[Mapping, Path], fresh: Callable[[], Run]
) -> None:
    mapping, folder = shop
    day(
        folder, "2026-01-01", "1,1,ann,cup,2,3.5,2026-01-01 10:00:00", "2,1,ann,cup", "3,1,x,y,,1,z"
    )
    run = fresh()
    land(run, mapping, str(folder))
    unread = {r._row: r for r in run.lake.read("bronze.unread").collect()}
    assert "4 fields where the header has 7" in unread[2].problem
    assert "2,1,ann,cup" in unread[2]._raw
    assert unread[3].problem == "no entity of the mapping takes this record"


@pytest.mark.slow
def test_distinct_statements_are_counted_as_duplicates(
    shop: tuple[Mapping, Path], fresh: Callable[[], Run]
) -> None:
    mapping, folder = shop
    line = "1,{},ann,cup,2,3.5,2026-01-01 10:00:00"
    day(folder, "2026-01-01", *(line.format(i) for i in range(5)))
    run = fresh()
    land(run, mapping, str(folder))
    ledger = {r.table_name: r for r in run.lake.read("governance.ledger").collect()}
    products = ledger["bronze.products"]
    assert (products.rows_in, products.rows_good, products.rows_deduplicated) == (5, 1, 4)


@pytest.mark.slow
def test_files_of_later_days_are_left(shop: tuple[Mapping, Path], fresh: Callable[[], Run]) -> None:
    mapping, folder = shop
    for date in ("2026-01-01", "2026-01-02", "2026-01-03"):
        day(folder, date, f"{date},1,ann,cup,2,3.5,{date} 10:00:00")
    land(fresh(), mapping, str(folder), before="2026-01-02")
    assert rows(fresh()) == ["2026-01-01"]
    land(fresh(), mapping, str(folder))
    assert rows(fresh()) == ["2026-01-01", "2026-01-02", "2026-01-03"]


@pytest.mark.slow
@pytest.mark.parametrize("dies_after", ["bronze.orders", "bronze.products"])
def test_a_batch_that_died_half_way_is_finished_once(
    shop: tuple[Mapping, Path],
    fresh: Callable[[], Run],
    monkeypatch: pytest.MonkeyPatch,
    dies_after: str,
) -> None:
    mapping, folder = shop
    day(folder, "2026-01-01", "1,1,ann,cup,2,3.5,2026-01-01 10:00:00")

    def publish_and_die(*args: object, **named: object) -> object:
        # The table is written but the ledger never hears of it: the worst moment to die.
        monkeypatch.setattr(args[1], "record", lambda **_: None)
        counts = publishing.publish(*args, **named)  # type: ignore[arg-type]
        if args[3].table == dies_after:  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return counts

    monkeypatch.setattr(landing, "publish", publish_and_die)
    with pytest.raises(KeyboardInterrupt):
        land(fresh(), mapping, str(folder))
    monkeypatch.setattr(landing, "publish", publishing.publish)
    day(folder, "2026-01-02", "2,1,bob,cup,1,3.5,2026-01-02 10:00:00")
    land(fresh(), mapping, str(folder))
    assert rows(fresh()) == ["1", "2"]
    assert len(rows(fresh(), "bronze.orders")) == 2
    lines = fresh().lake.read("governance.ledger").where("table_name = 'bronze.orders'").collect()
    assert sorted(r.rows_good for r in lines) == [1, 1]


def test_a_batch_that_died_half_way_is_finished_under_the_mapping_it_began_with(
    shop: tuple[Mapping, Path], fresh: Callable[[], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping, folder = shop
    day(
        folder,
        "2026-01-01",
        "1,1,ann,cup,2,3.5,2026-01-01 10:00:00",
        "2,1,bob,cup,1,3.5,2026-01-01 10:00:00",
        "3,1,bob,cup,,3.5,2026-01-01 10:00:00",
    )

    def publish_but_orders(*args: object, **named: object) -> object:
        if args[3].table == "bronze.orders":  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return publishing.publish(*args, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(landing, "publish", publish_but_orders)
        patch.setattr(Run, "together", unread_first)
        with pytest.raises(KeyboardInterrupt):
            land(fresh(), mapping, str(folder))
    assert fresh().lake.read("bronze.unread").count() == 1
    # What is no order now, and was one when bronze.unread was written, would be nowhere.
    changed = MAPPING.replace("units IS NOT NULL", "TRY_CAST(units AS INT) > 1")
    Path(mapping.source).write_text(changed)
    day(folder, "2026-01-02", "4,1,bob,cup,1,3.5,2026-01-02 10:00:00")
    land(fresh(), load_mapping(mapping.source), str(folder))
    assert rows(fresh()) == ["1", "2"]
    held = fresh().lake.read("bronze.unread").collect()
    assert sorted(r._file[-14:] for r in held) == ["2026-01-01.csv", "2026-01-02.csv"]


def unread_first(_: Run, tasks: dict[str, Callable[[], None]]) -> None:
    for table in sorted(tasks, key=lambda t: t != "bronze.unread"):
        tasks[table]()
