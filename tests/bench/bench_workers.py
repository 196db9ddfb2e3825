"""The built-in shop on a Spark standalone master with two workers: the same tables as in one process?

    python tests/bench/bench_workers.py [--people 60] [--keep FOLDER]

Master and workers are processes of their own on loopback, each worker with its own folders, one core
and the time zone of New York; the lake is on the disk that they share. The steps of one cycle run
there, training on both workers (`--launch spark`, two processes), and once in one process; tables are
compared by content, without the columns that say when and by which run a row came. Numbers that
come out of a training that was cut in two are told and not compared.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pyspark
import yaml
from bench_kills import LOGS, content

from shoplake.runtime.settings import conf_dir, load
from shoplake.runtime.sql import query, tables

JARS = Path(pyspark.__file__).parent / "jars"
#: What a model that was trained in two parts decides.
OF_THE_MODEL = ("gold.recommendations", "governance.model_", "governance.column_metrics")
DAYS = 44


def main() -> None:
    """Both lakes; exit status 1 when a table differs or a step fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", default=60, type=int)
    parser.add_argument("--products", default=90, type=int)
    parser.add_argument("--keep", type=Path, help="a folder for all that is made, which stays")
    args = parser.parse_args()
    folder = args.keep or Path(tempfile.mkdtemp(prefix="shoplake-workers-"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["SHOPLAKE_PSEUDONYM_KEY"] = "a key for the workers bench"
    model = tiny(folder)
    try:
        with cluster(folder) as master:
            there = environment(folder, master)
            run(folder / "workers", args, model, str(there), "spark")
            used = executors(folder)
        run(folder / "one", args, model, "local", "inline")
        wrong = compare(folder)
        print(f"executors: {used}", flush=True)
        raise SystemExit(bool(wrong) or min(used.values()) == 0)
    finally:
        if args.keep is None:
            shutil.rmtree(folder)


def run(lake: Path, args: argparse.Namespace, model: Path, env: str, launch: str) -> None:
    """The steps of one cycle, each a process of its own."""
    sizes = ("--people", str(args.people), "--products", str(args.products), "--days", str(DAYS))
    named: dict[str, tuple[str, ...]] = {
        "simulate": sizes,
        "ingest": ("--data", str(lake / "raw"), "--before", "2026-02-18"),
        **dict.fromkeys(("refine", "label", "features", "dataset"), ()),
        "train": ("--model", str(model), "--launch", launch, "--processes", "2"),
        "score": (),
    }
    for name, more in named.items():
        began = time.monotonic()
        command = [sys.executable, "-m", "shoplake.cli", "step", name, "--env", env]
        done = subprocess.run(
            [*command, "--lake", str(lake), "--shop", "builtin", *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        print(f"{lake.name:<8} {name:<9} {time.monotonic() - began:5.0f} s", flush=True)
        if done.returncode:
            print(done.stdout[-3000:])
            raise SystemExit(f"{name} ended with {done.returncode}")


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A master and two workers with one core each; gives the master's address."""
    port, started = free_port(), []
    classes = ("org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker")

    def start(name: str, kind: str, *more: str) -> None:
        own = folder / name
        own.mkdir(exist_ok=True)
        places = {"SPARK_LOCAL_DIRS": str(own / "local"), "SPARK_WORKER_DIR": str(own / "work")}
        with (own / "log.txt").open("wb") as log:
            process = subprocess.Popen(
                ["java", "-Xmx256m", "-cp", f"{JARS}/*", kind, "--host", "127.0.0.1", *more],
                # As another machine is: nothing of this process's settings, and another zone.
                env={
                    **{k: os.environ[k] for k in ("PATH", "HOME") if k in os.environ},
                    **places,
                    "TZ": "America/New_York",
                    "SPARK_NO_DAEMONIZE": "1",
                    "SPARK_HOME": str(JARS.parent),
                    "SPARK_SCALA_VERSION": "2.13",
                    "SPARK_LOCAL_IP": "127.0.0.1",
                },
                cwd=own,
                stdout=log,
                stderr=log,
            )
        started.append(process)

    master = f"spark://127.0.0.1:{port}"
    try:
        start("master", classes[0], "--port", str(port), "--webui-port", "0")
        wait_for(port)
        for number in (1, 2):
            of_one = ("--cores", "1", "--memory", "1500m", "--webui-port", "0")
            start(f"worker{number}", classes[1], *of_one, master)
        yield master
    finally:
        for process in reversed(started):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.terminate()
            process.terminate()
            process.wait()


def environment(folder: Path, master: str) -> Path:
    """The settings of a laptop, but for who does the work."""
    said = yaml.safe_load((conf_dir() / "env" / "local.yml").read_text())
    said["env"] = "workers"
    said["spark"]["conf"] = {
        "spark.master": master,
        "spark.executor.memory": "1g",
        "spark.executor.cores": "1",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.cores.max": "2",
    }
    path = folder / "workers.yml"
    path.write_text(yaml.safe_dump(said))
    return path


def tiny(folder: Path) -> Path:
    """The two-tower model, as small as it gets."""
    config = yaml.safe_load((conf_dir() / "models" / "two_tower.yml").read_text())
    config |= {"base": "tiny", "dimension": 16, "steps": 10, "batch_size": 32}
    path = folder / "tiny.yml"
    path.write_text(yaml.safe_dump(config))
    return path


def executors(folder: Path) -> dict[str, int]:
    """How many executors each worker has had."""
    work = {f"worker{n}": folder / f"worker{n}" / "work" for n in (1, 2)}
    return {name: len(list(place.glob("app-*/*/stderr"))) for name, place in work.items()}


def compare(folder: Path) -> int:
    """Prints the tables that differ; returns how many."""
    one, workers = (load("local", lake=str(folder / name)) for name in ("one", "workers"))
    wrong = compared = 0
    for table in tables(one):
        if table in LOGS or table.startswith(OF_THE_MODEL):
            continue
        compared += 1
        here, there = content(one, table), content(workers, table)
        if here != there:
            wrong += 1
            print(f"DIFFERS {table}: {len(here)} and {len(there)} rows, such as")
            print(*sorted(set(here) ^ set(there))[:2], sep="\n")
    for settings in (one, workers):
        sql = "SELECT count(*) AS n, count(DISTINCT person_key) AS people FROM gold.recommendations"
        print(f"{settings.root.name}: recommendations {query(settings, sql)[0]}")
    print(f"{compared} tables compared, {wrong} differ", flush=True)
    return wrong


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit("the master does not start")


if __name__ == "__main__":
    main()
