from __future__ import annotations

import dataclasses
from collections import defaultdict
from pathlib import Path

from pyspark.sql import SparkSession
from shop_files import LAST_DAY, contents, lines

from shoplake.ingest.shop import ShopConfig, simulate
from shoplake.ingest.shop.part import simulate_part
from shoplake.ingest.shop.simulate import Summary

Simulated = tuple[Path, Summary]


def test_days_cut_into_calls_give_the_bytes_of_one_call(
    spark: SparkSession, tiny: ShopConfig, simulated: Simulated, tmp_path: Path
) -> None:
    for first, last in ((0, 4), (5, 5), (6, LAST_DAY)):
        simulate(spark, tiny, tmp_path, first, last)
    assert contents(tmp_path) == contents(simulated[0])


def test_same_days_again_touch_no_file(
    spark: SparkSession, tiny: ShopConfig, simulated: Simulated
) -> None:
    out, first = simulated
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*")}
    again = simulate(spark, tiny, out, 0, LAST_DAY)
    assert {p: p.stat().st_mtime_ns for p in out.rglob("*")} == before
    assert again["files"] == {"unchanged": first["files"]["written"], "written": 0}


def test_rows_do_not_depend_on_how_people_are_dealt(tiny: ShopConfig, tmp_path: Path) -> None:
    records = defaultdict(list)
    for size in (7, 60):
        config, out = dataclasses.replace(tiny, people_per_file=size), tmp_path / str(size)
        for part in range(config.parts):
            simulate_part(config, out, part, 0, 4)
        records[size] = [
            sorted(set(lines(out, entity))) for entity in ("events", "orders", "people")
        ]
    assert records[7] == records[60]


def test_another_seed_is_another_shop(tiny: ShopConfig, tmp_path: Path) -> None:
    for seed in (1, 2):
        simulate_part(dataclasses.replace(tiny, seed=seed), tmp_path / str(seed), 0, 0, 1)
    assert lines(tmp_path / "1", "events") != lines(tmp_path / "2", "events")


def test_a_late_row_of_one_call_arrives_in_the_next(tiny: ShopConfig, tmp_path: Path) -> None:
    late = dataclasses.replace(tiny, dirt=dataclasses.replace(tiny.dirt, late=0.3))
    simulate_part(late, tmp_path, 0, 5, 5)
    days = {line.split('"at": "')[1][:10] for line in lines(tmp_path, "events") if "at" in line}
    assert {"2026-01-09", "2026-01-10"} <= {d for d in days if d.startswith("2026")}
