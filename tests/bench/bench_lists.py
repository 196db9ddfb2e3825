"""From an event to the fresh list it leads to, through Kafka and a running `stream --live`.

    python tests/bench/bench_lists.py --lake lake [--seconds 120] [--rate 20] [--warm 0]
        [--refine-every 30] [--interval "1 second"]

A lake that `shoplake run` has filled is copied and a stream of its shop started, with a broker of
its own. After a first list has been seen, known people view products of their lists at `rate`
events a second; those of the first `warm` seconds, while the JVM compiles, are told apart.
What is measured, for each event: from the moment it was sent until the commit of
gold.live_recommendations that holds a list of its person as of after the event. All on this machine.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from deltalake import DeltaTable

from shoplake.runtime.broker import Broker
from shoplake.runtime.kafka import kafka_options
from shoplake.runtime.lake import Lake
from shoplake.runtime.session import get_spark
from shoplake.runtime.settings import Settings, load
from shoplake.runtime.sql import query

TOPIC = "builtin.events"
LIVE = Path("gold") / "live_recommendations"


@dataclass(frozen=True)
class Sent:
    """An event: whose, when by the shop's clock, when by ours."""

    person: str
    at: datetime
    sent: float


class People:
    """Known people of a lake, and the events they send."""

    def __init__(self, settings: Settings, seed: int) -> None:
        rows = query(
            settings,
            "SELECT v.value AS id, r.person_key AS person, r.product_id AS product, r.as_of AS at"
            " FROM gold.recommendations r JOIN governance.vault v ON v.pseudonym = r.person_key"
            " WHERE v.kind = 'identity' AND r.as_of ="
            " (SELECT max(as_of) FROM gold.recommendations)",
        )
        self.rows = sorted(rows, key=lambda r: (r["person"], r["product"]))
        self.clock = max(r["at"] for r in rows)
        self.number = 0
        self.chance = random.Random(seed)

    def event(self) -> tuple[str, Sent]:
        row = self.chance.choice(self.rows)
        self.number += 1
        self.clock += timedelta(milliseconds=50)
        message = {
            "event_id": f"bench-{self.number}", "visitor": row["id"], "channel": "web",
            "session": f"bench-{row['id']}", "action": "view",
            "sku": row["product"].split(":", 1)[1],
            "at": f"{self.clock:%Y-%m-%d %H:%M:%S}",
        }  # fmt: skip
        at = self.clock.replace(microsecond=0, tzinfo=UTC)
        return json.dumps(message), Sent(row["person"], at, time.time())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lake", default="lake", type=Path)
    parser.add_argument("--seconds", default=120, type=int)
    parser.add_argument("--rate", default=20, type=int)
    parser.add_argument("--warm", default=0, type=int, help="seconds before what counts")
    parser.add_argument("--refine-every", default=30.0, type=float)
    parser.add_argument("--interval", default="1 second")
    parser.add_argument("--seed", default=7, type=int)
    args = parser.parse_args()
    # So that a time limit from outside leaves no stream behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with running(args) as (settings, send):
        people = People(settings, args.seed)
        send([people.event()[0]])
        while not (settings.root / LIVE / "_delta_log").exists():
            time.sleep(0.5)
        sent: list[Sent] = []
        began = time.time()
        for second in range(args.warm + args.seconds):
            time.sleep(max(0.0, began + second - time.time()))
            events = [people.event() for _ in range(args.rate)]
            send([text for text, _ in events])
            sent += [event for _, event in events]
        rate, end = len(sent) / (time.time() - began), time.time() + 120
        while missing(settings, sent[-1]) and time.time() < end:
            time.sleep(1)
        how = f"refine every {args.refine_every} s, batch {args.interval}"
        said = [report(settings, sent[args.warm * args.rate :], rate, how)]
        if args.warm:
            said.append(report(settings, sent[: args.warm * args.rate], rate, "warming up"))
    print("\n".join(said))


@contextmanager
def running(args: argparse.Namespace) -> Iterator[tuple[Settings, Any]]:
    """A stream over a copy of the lake: its settings, and what sends texts to its topic."""
    folder = Path(tempfile.mkdtemp(prefix="shoplake-lists-"))
    lake = folder / "lake"
    shutil.copytree(args.lake, lake)
    shutil.copy(args.lake.with_suffix(".key"), folder / "lake.key")
    settings = dataclasses.replace(load("local"), lake=str(lake))
    spark = get_spark("bench")
    broker = Broker(folder / "kafka")
    options = kafka_options(spark, Lake(spark, settings).settings, broker.servers)

    def send(texts: list[str]) -> None:
        frame = spark.createDataFrame([(t,) for t in texts], "value string").coalesce(1)
        frame.write.format("kafka").options(**options, topic=TOPIC).save()

    command = [sys.executable, "-m", "shoplake.cli", "stream", "--shop", "builtin", "--live"]
    command += ["--refine-every", str(args.refine_every), "--interval", args.interval]
    command += ["--lake", str(lake)]
    with (folder / "stream.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--kafka", broker.servers], stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield settings, send
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        print((folder / "stream.log").read_text()[-3000:])
        broker.stop()
        shutil.rmtree(folder)


def lists(settings: Settings) -> list[tuple[float, datetime, set[str]]]:
    """Of each version of the live lists: when it was committed, as of when, and whose they are."""
    found = []
    folder = settings.root / LIVE
    for entry in DeltaTable(str(folder)).history():
        table = DeltaTable(str(folder), version=entry["version"]).to_pyarrow_dataset()
        rows = table.to_table(columns=["person_key", "as_of"])
        if rows.num_rows:
            as_of = rows.column("as_of")[0].as_py()
            people = set(rows.column("person_key").to_pylist())
            found.append((entry["timestamp"] / 1000, as_of.astimezone(UTC), people))
    return sorted(found, key=lambda version: version[0])


def missing(settings: Settings, event: Sent) -> bool:
    return all(as_of <= event.at for _, as_of, _ in lists(settings))


def report(settings: Settings, sent: list[Sent], rate: float, how: str) -> str:
    versions = lists(settings)
    late = []
    for event in sent:
        after = [t for t, as_of, whose in versions if as_of > event.at and event.person in whose]
        if after:
            late.append(min(after) - event.sent)
    p50, p90, p99 = np.percentile(late, [50, 90, 99])
    return (
        f"{len(sent):,} events at {rate:.0f}/s, {how}, {len(versions)} "
        f"versions of the lists, {len(sent) - len(late)} events without a list\n"
        f"event to fresh list: p50 {p50:.1f} s, p90 {p90:.1f} s, p99 {p99:.1f} s"
    )


if __name__ == "__main__":
    main()
