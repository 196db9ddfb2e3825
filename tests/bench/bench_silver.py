"""Silver after new events: all of it made anew, beside what the new events touch.

    python tests/bench/bench_silver.py [--lake lake] [--times 1] [--share 0.01] [--rounds 4]

Of a lake that `shoplake run` has filled, the newest events are taken away, and each of `rounds`
brings `share` of all events back, once into a copy whose `silver.events` and vault are made whole
and once into one where only what changed is. `times` copies of all events, each of people and
sessions of its own, make the table larger. Both sides run in one session, in turns, and the first
round is a warm-up. Their tables are compared at the end, the quarantine too.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import statistics
import tempfile
import time
from functools import reduce
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from shoplake.contracts.book import load_contracts
from shoplake.governance.run import Run
from shoplake.refine.persons import Persons
from shoplake.refine.pseudonym import Secret
from shoplake.refine.settings import RefineSettings
from shoplake.refine.tables import build_silver
from shoplake.runtime.lake import Lake
from shoplake.runtime.session import get_spark
from shoplake.runtime.settings import conf_dir, load

SETTINGS = RefineSettings(Secret("a key for the silver bench"))
EVENTS = "bronze.events"
KEPT = ("silver.events", "governance.quarantine_silver_events")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lake", default="lake", type=Path)
    parser.add_argument("--times", default=1, type=int)
    parser.add_argument("--share", default=0.01, type=float)
    parser.add_argument("--rounds", default=4, type=int)
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="shoplake-silver-"))
    spark = get_spark("bench")
    given = Lake(spark, dataclasses.replace(load("local"), lake=str(args.lake)))
    sides = {name: _lake(given, folder / name) for name in ("whole", "changed")}
    events = _copies(given.read(EVENTS), args.times).persist()
    total = events.count()
    parts = _parts(events, max(1, round(total * args.share)), args.rounds)
    took: dict[str, list[float]] = {"whole": [], "changed": []}
    try:
        for number, part in enumerate(parts):
            for name, lake in sides.items():
                path = str(lake.folder(EVENTS))
                part.coalesce(2).write.format("delta").mode("append").save(path)
                seconds = _refine(lake, name)
                if number:
                    took[name].append(seconds)
                print(f"round {number}: {name} {seconds:.1f} s, {part.count():,} new", flush=True)
        first, second = (_rows(lake) for lake in sides.values())
        differ = [table for table in KEPT if first[table] != second[table]]
        whole, changed = (statistics.median(times[1:]) for times in took.values())
        print(f"{total:,} events; tables that differ: {differ or 'none'}")
        print(f"whole {whole:.2f} s, what changed {changed:.2f} s: {changed / whole:.3f}")
    finally:
        shutil.rmtree(folder)


def _lake(given: Lake, folder: Path) -> Lake:
    """A lake with the tables that events are refined from, but for the events."""
    lake = Lake(given.spark, dataclasses.replace(given.settings, lake=str(folder)))
    people = given.folder("bronze.people")
    shutil.copytree(people, lake.folder("bronze.people"))
    run = Run("refine", lake, load_contracts(conf_dir() / "contracts"))
    run.gate.open()
    build_silver(run, "silver.identities", SETTINGS)
    return lake


def _copies(events: DataFrame, times: int) -> DataFrame:
    def renamed(number: int) -> DataFrame:
        suffix = F.lit(f"-{number}")
        names = ("event_id", "session_id", "person_id", "_row_id") if number else ()
        return events.withColumns({name: F.concat(F.col(name), suffix) for name in names})

    return reduce(DataFrame.unionByName, map(renamed, range(times)))


def _parts(events: DataFrame, size: int, rounds: int) -> list[DataFrame]:
    """All but the newest events, then these, piece by piece."""
    newest = events.orderBy(F.desc("occurred_at"), "_row_id").limit(size * (rounds + 1))
    ids = [row[0] for row in newest.select("_row_id").collect()]
    spark = events.sparkSession

    def piece(number: int) -> DataFrame:
        mine = [(i,) for i in ids[number * size : (number + 1) * size]]
        frame = spark.createDataFrame(mine, "_row_id string")
        return events.join(F.broadcast(frame), "_row_id", "left_semi").persist()

    pieces = [piece(n) for n in reversed(range(rounds + 1))]
    late = spark.createDataFrame([(i,) for i in ids], "_row_id string")
    return [events.join(F.broadcast(late), "_row_id", "left_anti"), *pieces]


def _refine(lake: Lake, side: str) -> float:
    run = Run("refine", lake, load_contracts(conf_dir() / "contracts"))
    began = time.perf_counter()
    build_silver(run, "silver.events", SETTINGS, Persons(run) if side == "changed" else None)
    return time.perf_counter() - began


def _rows(lake: Lake) -> dict[str, tuple[object, ...]]:
    """How many rows the tables have and two sums of their hashes, but for the batch that held one."""
    found = {}
    for table in KEPT:
        rows = lake.read(table).drop("batch_id")
        value = F.xxhash64(*rows.columns)
        sums = F.sum(value.cast("decimal(38,0)")), F.bit_xor(value)
        found[table] = tuple(rows.agg(F.count("*"), *sums).first() or ())
    return found


if __name__ == "__main__":
    main()
