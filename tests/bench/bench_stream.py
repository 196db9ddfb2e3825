"""The stream beside plain Spark, under SIGKILL, and its latency, on real order lines.

    python tests/bench/bench_stream.py kills [--kills 50] [--before 2010-12-04]
    python tests/bench/bench_stream.py throughput [--before 2011-01-01]
    python tests/bench/bench_stream.py latency [--rate 500] [--seconds 60] [--refine-every 30]

`kills`: a stream of online_retail is killed again and again at random moments, then left to finish;
its tables must be those of the batch that reads the files. The mapping of both is the shipped one
without `distinct`, which is about files; the tables are compared without the columns that say where
and when a row came. `throughput`: both sides in one session, warmed up, from the same topic with the
same cut. `latency`: from the message's time stamp to the line that says it is in every bronze table.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from pyspark.sql import functions as F

from shoplake.governance.run import open_run
from shoplake.ingest.landing import land
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.stream.consume import Consumer, wait
from shoplake.ingest.stream.replay import replay
from shoplake.refine.tables import refresh
from shoplake.runtime.broker import Broker
from shoplake.runtime.kafka import kafka_options
from shoplake.runtime.lake import Lake
from shoplake.runtime.session import get_spark
from shoplake.runtime.settings import Settings, conf_dir, load
from shoplake.runtime.sql import query, tables

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("SHOPLAKE_DATA", ROOT.parent / "shared" / "data")) / "online_retail"
TOPIC = "online_retail.lines"
#: Where and when a row came, not what it says.
WHERE = {"_row_id", "_file", "_row", "_ingested_at", "_run_id", "row_id", "batch_id"}
SHOPLAKE = [sys.executable, "-m", "shoplake.cli"]


class Bench:
    """A broker with the slice in its topic, and a mapping without `distinct`."""

    def __init__(self, before: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="shoplake-stream-"))
        self.before = before
        self.processes: list[subprocess.Popen[bytes]] = []
        self.mapping = self.folder / "online_retail.yml"
        text = (conf_dir() / "sources" / "online_retail.yml").read_text()
        self.mapping.write_text(text.replace("distinct: true", "distinct: false"))
        os.environ["SHOPLAKE_PSEUDONYM_KEY"] = "a key for the stream bench"
        self.spark = get_spark("bench")
        self.sent = 0
        self.broker = Broker(self.folder / "kafka")

    @property
    def options(self) -> dict[str, str]:
        return kafka_options(self.spark, self.settings("any"), self.broker.servers)

    def fill(self) -> None:
        """Everything up to `before` into the topic."""
        lake, mapping = Lake(self.spark, self.settings("any")), load_mapping(self.mapping)
        options = self.options
        self.sent = replay(lake, mapping, str(DATA), options, speed=0, before=self.before)

    def settings(self, lake: str) -> Settings:
        return dataclasses.replace(load("local"), lake=str(self.folder / lake))

    def stream(self, lake: str, *more: str) -> subprocess.Popen[bytes]:
        command = [*SHOPLAKE, "stream", "--shop", str(self.mapping), *more]
        command += ["--lake", str(self.folder / lake), "--kafka", self.broker.servers]
        with (self.folder / "stream.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        self.processes.append(process)
        return process

    def log_size(self) -> int:
        return (self.folder / "stream.log").stat().st_size

    def __enter__(self) -> Bench:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            kill(process)
        self.broker.stop()
        shutil.rmtree(self.folder)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the process and its JVM."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kills(args: argparse.Namespace, bench: Bench) -> int:
    bench.fill()
    print(f"{bench.sent:,} messages", flush=True)
    run = open_run("ingest", bench.spark, bench.settings("batch"))
    land(run, load_mapping(bench.mapping), str(DATA), before=args.before)
    refresh(open_run("refine", bench.spark, bench.settings("batch")))
    bench.spark.stop()
    most = str(max(50, bench.sent // (args.kills + 2)))
    how = ("--most", most, "--interval", "0 seconds", "--refine-every", "5")
    usual = first_batch(bench, how)
    chance, done = random.Random(args.seed), 0
    while done < args.kills:
        said = bench.log_size()
        process = bench.stream("killed", *how)
        if done % 2:  # any time from the start, or while it works on a batch
            time.sleep(usual * chance.uniform(0.1, 1.2))
        else:
            while bench.log_size() == said and process.poll() is None:
                time.sleep(0.1)
            time.sleep(chance.uniform(0, usual / 4))
        kill(process)
        done += 1
        print(f"kill {done}: {progress(bench):,} messages taken", flush=True)
    end = bench.stream("killed", "--most", "50000", "--once").wait()
    wrong = bool(end) + compare(bench)
    print(f"{done} kills of `shoplake stream`, {wrong} differences", flush=True)
    return wrong


def first_batch(bench: Bench, how: tuple[str, ...]) -> float:
    """Seconds from the start of a stream until its first batch is in every table."""
    began = time.monotonic()
    process = bench.stream("probe", *how)
    while not progress(bench, "probe") and process.poll() is None:
        time.sleep(0.3)
    seconds = time.monotonic() - began
    kill(process)
    print(f"a first batch takes {seconds:.1f} s", flush=True)
    return seconds


def progress(bench: Bench, lake: str = "killed") -> int:
    settings = bench.settings(lake)
    if "governance.offsets" not in tables(settings):
        return 0
    sql = "SELECT COALESCE(SUM(records), 0) AS n FROM governance.offsets WHERE state = 'taken'"
    return int(query(settings, sql)[0]["n"])


def content(settings: Settings, table: str) -> list[str]:
    rows = query(settings, f"SELECT * FROM {table}")
    return sorted(repr(sorted((k, str(v)) for k, v in r.items() if k not in WHERE)) for r in rows)


def compare(bench: Bench) -> int:
    """Prints what differs between the batch's tables and the killed stream's; returns how many."""
    batch, killed = bench.settings("batch"), bench.settings("killed")
    found, wrong = tables(batch), 0
    for table in found:
        if not table.startswith(("bronze.", "silver.", "governance.quarantine_")):
            continue
        one, other = content(batch, table), content(killed, table)
        if table.startswith("governance.quarantine_"):  # its record holds row ids
            one, other = [str(len(one))], [str(len(other))]
        differ = len(set(one) ^ set(other)) + abs(len(one) - len(other))
        wrong += bool(differ)
        print(
            f"{'DIFFERS' if differ else 'equal':<8}{table:<40}{len(one):>8,} rows, {differ} differ"
        )
    sql = (
        "SELECT table_name, SUM(rows_in) AS i, SUM(rows_good) AS g, SUM(rows_quarantined) AS q,"
        " SUM(rows_deduplicated) AS d FROM (SELECT DISTINCT table_name, batch_id, rows_in,"
        " rows_good, rows_quarantined, rows_deduplicated FROM governance.ledger"
        " WHERE table_name LIKE 'bronze.%') AS x GROUP BY table_name"
    )
    for r in query(killed, sql):
        rows = len(query(killed, f"SELECT _row FROM {r['table_name']}"))
        balanced = r["i"] == r["g"] + r["q"] + r["d"] and r["g"] == rows
        wrong += not balanced
        print(f"{'balanced' if balanced else 'UNBALANCED'} {r['table_name']}: {r['i']:,} in")
    taken = progress(bench)
    wrong += taken != bench.sent
    print(f"{taken:,} messages taken of {bench.sent:,}")
    return wrong


def throughput(args: argparse.Namespace, bench: Bench) -> int:
    bench.fill()
    plain(bench, "warm")
    ours(bench, "warm_ours", silver=False)
    seconds = {
        "plain Kafka -> Delta append": plain(bench, "plain"),
        "Kafka -> bronze under contract": ours(bench, "bronze", silver=False),
        "Kafka -> bronze -> silver": ours(bench, "silver", silver=True),
    }
    base = seconds["plain Kafka -> Delta append"]
    print(f"{bench.sent:,} messages, at most {args.most:,} a batch")
    for name, took in seconds.items():
        print(f"{name:<32}{took:6.1f} s {bench.sent / took:>10,.0f} rows/s  {base / took:.2f}")
    return 0


def plain(bench: Bench, name: str) -> float:
    """Seconds of what one would write by hand: parse the JSON, append to one table."""
    began = time.monotonic()
    mapping = load_mapping(bench.mapping)
    fields = ", ".join(f"`{c}` string" for c in mapping.files[0].columns)
    source = bench.spark.readStream.format("kafka").options(**bench.options, subscribe=TOPIC)
    source = source.options(startingOffsets="earliest", maxOffsetsPerTrigger=str(ARGS.most))
    parsed = source.load().select(
        F.from_json(F.col("value").cast("string"), fields).alias("r"), "partition", "offset"
    )
    writer = parsed.select("r.*", "partition", "offset").writeStream.format("delta")
    writer = writer.option("checkpointLocation", str(bench.folder / name / "check"))
    writer.trigger(availableNow=True).start(str(bench.folder / name / "table")).awaitTermination()
    return time.monotonic() - began


def ours(bench: Bench, name: str, silver: bool) -> float:
    """Seconds of the stream, to bronze or on to silver."""
    began = time.monotonic()
    run = open_run("stream", bench.spark, bench.settings(name))
    consumer = Consumer(run, load_mapping(bench.mapping), bench.options)
    query = consumer.start(once=True, interval="1 second", most=ARGS.most)
    wait(query, consumer, 3600)
    if silver:
        refresh(open_run("refine", bench.spark, bench.settings(name)))
    return time.monotonic() - began


def latency(args: argparse.Namespace, bench: Bench) -> int:
    lines = bench.spark.read.option("header", True).csv(f"{DATA}/2010-12-*.csv.gz").limit(5000)
    rows: list[Any] = lines.toJSON().collect()
    process = bench.stream("live", "--refine-every", str(args.refine_every))
    first = [(r, "0") for r in rows[:10]]
    send(bench, first)
    while not progress(bench, "live") and process.poll() is None:
        time.sleep(0.5)
    began, number = time.monotonic(), 0
    for second in range(args.seconds):
        batch = [(rows[(number + i) % len(rows)], str(i % 97)) for i in range(args.rate)]
        number += args.rate
        time.sleep(max(0.0, began + second - time.monotonic()))
        send(bench, batch)
    sending = time.monotonic() - began
    end = time.monotonic() + 120
    while progress(bench, "live") < number + 10 and time.monotonic() < end:
        time.sleep(1)
    kill(process)
    there = bench.spark.read.format("kafka").options(**bench.options, subscribe=TOPIC).load()
    lake = Lake(bench.spark, bench.settings("live"))
    taken = lake.read("governance.offsets").where("state = 'taken'").alias("o")
    late = (
        there.alias("m")
        .join(
            taken,
            F.expr(
                "m.topic = o.topic AND m.partition = o.partition"
                " AND m.offset BETWEEN o.first_offset AND o.last_offset"
            ),
        )
        .where("m.offset >= 10")
        .select(
            (F.col("recorded_at").cast("double") - F.col("timestamp").cast("double")).alias("s")
        )
    )
    p50, p90, p99, worst, n = late.agg(
        *(F.percentile("s", p) for p in (0.5, 0.9, 0.99)), F.max("s"), F.count("*")
    ).collect()[0]
    batches = taken.select("batch").distinct().count()
    print(
        f"{n:,} messages at {number / sending:,.0f}/s in {batches} batches, refine every {args.refine_every} s"
    )
    print(
        f"message to every bronze table: p50 {p50:.2f} s, p90 {p90:.2f} s, p99 {p99:.2f} s, max {worst:.2f} s"
    )
    return 0


def send(bench: Bench, rows: list[tuple[str, str]]) -> None:
    df = bench.spark.createDataFrame(rows, "value string, key string").coalesce(1)
    df.write.format("kafka").options(**bench.options, topic=TOPIC).save()


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("what", choices=("kills", "throughput", "latency"))
parser.add_argument("--kills", type=int, default=50)
parser.add_argument("--seed", type=int, default=7)
parser.add_argument("--before", default="2010-12-04", help="of online_retail's days")
parser.add_argument("--most", type=int, default=50_000)
parser.add_argument("--rate", type=int, default=500)
parser.add_argument("--seconds", type=int, default=60)
parser.add_argument("--refine-every", type=float, default=30.0)
ARGS = parser.parse_args()

if __name__ == "__main__":
    with Bench(ARGS.before) as bench:
        what = {"kills": kills, "throughput": throughput, "latency": latency}[ARGS.what]
        raise SystemExit(what(ARGS, bench))
