"""What SIGKILL would leave: a process and all its children are stopped and their files copied."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
from chaos_shop import said_by

from shoplake.runtime.session import get_spark

#: What tells two states of a folder apart: each file's inode, size and time of change.
State = dict[str, tuple[int, int, int]]
#: Seconds between two looks, at most.
PAUSE_S = 0.06


class Stepper:
    """A process that runs one step after the other with one warm JVM; it can be stopped in between.

    Starting a JVM takes longer than most steps of a small lake.
    """

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there,))
        self._process.start()

    def run(self, name: str, options: list[str]) -> tuple[int, str]:
        """A step to its end: its exit status, and what it says."""
        self._here.send((name, options))
        return self._ended()

    def images(
        self, name: str, options: list[str], lake: Path, to: Path, chance: random.Random, most: int
    ) -> tuple[int, str, list[Path]]:
        """Run a step to its end, and copy its lake at random moments meanwhile.

        Its processes all stand still while a copy is made. What a process has written to a file
        belongs to the system and survives it, so a copy is what would be left had they all been
        killed at that moment. A moment at which no file differs from the last copy makes none.

        Args:
            name, options: of the step.
            lake: what is copied.
            to: a folder for the copies.
            chance: decides about the moments.
            most: copies that are kept, drawn from all.

        Returns:
            As `run`, and copies of the lake, each in a folder of its own.
        """
        kept: list[Path] = []
        last, seen = state(lake), 0
        self._here.send((name, options))
        while not self._here.poll(chance.uniform(0, PAUSE_S)):
            # Without stopping anything first: most looks find nothing new.
            if state(lake) == last:
                continue
            stopped = freeze(self._process.pid or 0)
            try:
                now = state(lake)
                if now == last:
                    continue
                last, seen = now, seen + 1
                # Of all states seen so far each is kept with the same probability.
                place = len(kept) if len(kept) < most else chance.randrange(seen)
                if place >= most:
                    continue
                at = to / f"{seen:05}" / "lake"
                if place < len(kept):
                    shutil.rmtree(kept[place].parent)
                    kept[place] = at
                else:
                    kept.append(at)
                shutil.copytree(lake, at, symlinks=True)
            finally:
                for one in stopped:
                    with suppress(psutil.NoSuchProcess):
                        one.send_signal(signal.SIGCONT)
        return *self._ended(), kept

    def close(self) -> None:
        """End the process."""
        self._here.send(None)
        self._process.join()

    def _ended(self) -> tuple[int, str]:
        status, said = self._here.recv()
        return int(status), str(said)


def _serve(pipe: Connection) -> None:
    spark = get_spark("freezes", brief=True)
    while (asked := pipe.recv()) is not None:
        pipe.send(said_by(*asked))
        # Delta remembers each lake's tables, and Python what it used of the JVM.
        spark._jvm.org.apache.spark.sql.delta.DeltaLog.clearCache()
        gc.collect()
    spark.stop()


def freeze(pid: int) -> list[psutil.Process]:
    """Stop a process and all below it; returns those that stand still now."""
    stopped: dict[int, psutil.Process] = {}
    while True:
        with suppress(psutil.NoSuchProcess):
            first = psutil.Process(pid)
            family = [first, *first.children(recursive=True)]
            news = [p for p in family if p.pid not in stopped]
            for one in news:
                with suppress(psutil.NoSuchProcess):
                    one.send_signal(signal.SIGSTOP)
                    stopped[one.pid] = one
            # A process that was about to start another may have done so.
            if news:
                _wait(lambda: all(_still(p) for p in stopped.values()))
                continue
        return list(stopped.values())


def _still(process: psutil.Process) -> bool:
    try:
        return process.status() in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _wait(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not done():
        if time.monotonic() > end:
            raise SystemExit("the processes do not stand still")
        time.sleep(0.001)


def state(folder: Path) -> State:
    """What tells the state of a folder's files."""
    found: State = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            with suppress(FileNotFoundError):
                said = os.stat(path)
                found[path] = (said.st_ino, said.st_size, said.st_mtime_ns)
    return found


def relocate(was: Path, lake: Path) -> None:
    """Let MLflow's database in a copied lake name the copy; it keeps places as whole paths."""
    database = lake / "models" / "mlflow.db"
    if not database.is_file():
        return
    with sqlite3.connect(database) as store:
        tables = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for _, column, kind, *_ in store.execute(f'PRAGMA table_info("{table}")').fetchall():
                if "CHAR" in kind.upper() or "TEXT" in kind.upper():
                    store.execute(
                        f'UPDATE "{table}" SET "{column}" = replace("{column}", ?, ?)'
                        f' WHERE instr("{column}", ?)',
                        (f"{was}/", f"{lake}/", f"{was}/"),
                    )
    store.close()
