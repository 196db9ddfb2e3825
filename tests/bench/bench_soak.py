"""A stream with `--live` under a constant load: what grows, and what stays as it is?

    python tests/bench/bench_soak.py --lake lake [--minutes 20] [--rate 20] [--refine-every 120]
        [--interval "5 seconds"] [--out soak]

A lake that `shoplake run` has filled is copied and a stream of its shop started, with a broker of
its own; known people view products of their lists. Every `--every` seconds: memory of the Python
processes and of the JVM, what its heap holds after a full collection, and how many files the
checkpoint and the lake have. How long each micro-batch took comes from `governance.offsets`. Each
figure's slope (Theil and Sen's, with its 95% interval) is told for the first and the second half,
counted from the first list. Samples follow each other, so that the interval is rather too narrow.
`<out>.csv` and `<out>.png` hold the samples.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import matplotlib
import psutil
from bench_lists import LIVE, TOPIC, People
from scipy.stats import theilslopes

from shoplake.runtime.broker import Broker, _classpath
from shoplake.runtime.settings import Settings, load
from shoplake.runtime.sql import query, tables

Sample = dict[str, float]
#: What a stream of a shop in service needs; raw files and training copies are large.
NEEDED = ("bronze", "silver", "gold", "governance", "models", "lineage")


def main() -> None:
    """Run the soak; exit status 1 where the stream ended."""
    args = options()
    with streaming(args) as (settings, process, producer):
        people = People(settings, args.seed)
        stop = threading.Event()
        threading.Thread(target=load_on, args=(people, producer, args.rate, stop)).start()
        try:
            samples = list(watch(args, settings, process))
        finally:
            stop.set()
        took = batches(settings)
    keep(args.out, samples, took)
    report(samples, took)
    raise SystemExit(len(samples) < 4)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lake", default="lake", type=Path)
    parser.add_argument("--minutes", default=20.0, type=float)
    parser.add_argument("--rate", default=20, type=int, help="events a second")
    parser.add_argument("--every", default=15.0, type=float, help="seconds between two samples")
    parser.add_argument("--refine-every", default=120.0, type=float)
    parser.add_argument("--interval", default="5 seconds")
    parser.add_argument("--out", default="soak", type=Path)
    parser.add_argument("--seed", default=7, type=int)
    return parser.parse_args()


@contextmanager
def streaming(
    args: argparse.Namespace,
) -> Iterator[tuple[Settings, subprocess.Popen[bytes], IO[bytes]]]:
    """A stream over a copy of the lake, and what takes lines for its topic."""
    folder = Path(tempfile.mkdtemp(prefix="shoplake-soak-"))
    lake = folder / "lake"
    for name in NEEDED:
        if (args.lake / name).is_dir():
            shutil.copytree(args.lake / name, lake / name)
    shutil.copy(args.lake.with_suffix(".key"), folder / "lake.key")
    settings = dataclasses.replace(load("local"), lake=str(lake))
    broker = Broker(folder / "kafka")
    # Without a Spark session of its own, which would take the cores from what is measured.
    java = ["java", "-Xmx128m", "-cp", _classpath(), "kafka.tools.ConsoleProducer"]
    java += ["--bootstrap-server", broker.servers, "--topic", TOPIC]
    command = [sys.executable, "-m", "shoplake.cli", "stream", "--shop", "builtin", "--live"]
    command += ["--refine-every", str(args.refine_every), "--interval", args.interval]
    command += ["--lake", str(lake), "--kafka", broker.servers]
    said = args.out.with_suffix(".log")
    environment = {**os.environ, "SPARK_LOCAL_DIRS": str(folder / "temporary")}
    with said.open("wb") as log:
        sender = subprocess.Popen(java, stdin=subprocess.PIPE, stdout=log, stderr=log)
        process = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, env=environment
        )
    try:
        assert sender.stdin is not None
        yield settings, process, sender.stdin
    finally:
        sender.kill()
        sender.wait()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        broker.stop()
        shutil.rmtree(folder)


def load_on(people: People, producer: IO[bytes], rate: int, stop: threading.Event) -> None:
    """Send `rate` events a second."""
    began, second = time.monotonic(), 0
    while not stop.wait(max(0.0, began + second - time.monotonic())):
        producer.write("".join(f"{people.event()[0]}\n" for _ in range(rate)).encode())
        producer.flush()
        second += 1


def watch(
    args: argparse.Namespace, settings: Settings, process: subprocess.Popen[bytes]
) -> Iterator[Sample]:
    """Samples from the first list on, until time is up or the stream ends."""
    while not (settings.root / LIVE / "_delta_log").exists() and process.poll() is None:
        time.sleep(1)
    began = time.monotonic()
    number = 0
    while time.monotonic() < began + 60 * args.minutes and process.poll() is None:
        found = sample(settings, process.pid)
        found["minute"] = (time.monotonic() - began) / 60
        print("  ".join(f"{k} {v:,.1f}" for k, v in found.items()), flush=True)
        yield found
        number += 1
        time.sleep(max(0.0, began + number * args.every - time.monotonic()))
    if process.poll() is not None:
        print(f"the stream ended with {process.returncode}", flush=True)


def sample(settings: Settings, pid: int) -> Sample:
    """What the processes and folders hold now, in MB and files."""
    found = dict.fromkeys(("python_mb", "workers_mb", "workers", "jvm_mb", "heap_mb"), 0.0)
    stream = psutil.Process(pid)
    found["python_mb"] = stream.memory_info().rss / 1e6
    for process in stream.children(recursive=True):
        try:
            name, said = process.name(), process.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        if name == "java":
            found["jvm_mb"] += said.rss / 1e6
            found["heap_mb"] += alive(process.pid)
        else:
            # Spark forks its Python workers: what they share is counted once.
            found["workers_mb"] += said.pss / 1e6
            found["workers"] += 1
    root = settings.root
    found["checkpoint_files"] = files(root / "streams")
    for schema in ("bronze", "silver", "gold", "governance"):
        found[f"{schema}_files"] = files(root / schema)
    found["temporary_mb"] = megabytes(root.parent / "temporary")
    return found


def alive(pid: int) -> float:
    """MB on a JVM's heap that are in use, after the full collection that counting them makes."""
    told = subprocess.run(
        ["jcmd", str(pid), "GC.class_histogram"], capture_output=True, text=True
    ).stdout
    total = told.rpartition("Total")[2].split()
    return int(total[1]) / 1e6 if len(total) > 1 else 0.0


def files(folder: Path) -> float:
    return float(sum(len(names) for _, _, names in os.walk(folder)))


def megabytes(folder: Path) -> float:
    """MB of all files."""
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                found += os.path.getsize(os.path.join(place, name))
    return found / 1e6


def batches(settings: Settings) -> list[Sample]:
    """Each micro-batch: from its plan until it is in every table."""
    if "governance.offsets" not in tables(settings):
        return []
    rows = query(
        settings,
        "SELECT batch, min(recorded_at) AS began, max(recorded_at) AS ended, min(sent_at) AS sent,"
        " sum(records) / 2 AS records FROM governance.offsets WHERE stream ="
        " (SELECT max(stream) FROM governance.offsets) GROUP BY batch"
        " HAVING count(DISTINCT state) = 2 ORDER BY batch",
    )
    first = min((r["began"] for r in rows), default=None)
    return [
        {
            "minute": (r["began"] - first).total_seconds() / 60,
            "batch_s": (r["ended"] - r["began"]).total_seconds(),
            "records": float(r["records"]),
        }
        for r in rows
    ]


def report(samples: list[Sample], took: list[Sample]) -> None:
    """Slopes of each half, and what each half's median is."""
    for name, rows in (("samples", samples), ("batches", took)):
        if len(rows) < 4:
            print(f"{len(rows)} {name}: too few")
            continue
        end = rows[-1]["minute"]
        halves = [
            [r for r in rows if r["minute"] < end / 2],
            [r for r in rows if r["minute"] >= end / 2],
        ]
        print(f"{len(rows)} {name} over {end:.1f} minutes; a minute, of each half:")
        for key in [k for k in rows[0] if k != "minute"]:
            said = []
            for half in halves:
                values = [r[key] for r in half]
                slope, _, low, high = theilslopes(values, [r["minute"] for r in half])
                median = sorted(values)[len(values) // 2]
                said.append(f"median {median:9,.1f}, {slope:+8.2f} [{low:+.2f}, {high:+.2f}]")
            print(f"  {key:<18} {' | '.join(said)}")


def keep(out: Path, samples: list[Sample], took: list[Sample]) -> None:
    """The samples as CSV and as a picture."""
    for path, rows in ((out.with_suffix(".csv"), samples), (Path(f"{out}_batches.csv"), took)):
        if rows:
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    if not samples or not took:
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    _, axes = plt.subplots(3, 1, figsize=(9, 10), sharex=True)
    groups = (("_mb", "MB"), ("_files", "files"))
    for ax, (ending, label) in zip(axes, groups, strict=False):
        for key in [k for k in samples[0] if k.endswith(ending)]:
            minutes, values = [s["minute"] for s in samples], [s[key] for s in samples]
            ax.plot(minutes, values, label=key.removesuffix(ending))
        ax.set_ylabel(label)
        ax.legend(fontsize=8)
    axes[2].plot([b["minute"] for b in took], [b["batch_s"] for b in took], ".")
    axes[2].set_ylabel("seconds a micro-batch")
    axes[2].set_xlabel("minutes")
    plt.tight_layout()
    plt.savefig(out.with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
