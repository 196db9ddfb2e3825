"""A corner shop for faults: its records by file and by topic, its lakes, and what they hold."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from shoplake.governance.run import open_run
from shoplake.ingest.mapping import load_mapping
from shoplake.ingest.stream.consume import Consumer
from shoplake.runtime.broker import Broker
from shoplake.runtime.kafka import kafka_options
from shoplake.runtime.session import get_spark, interpret
from shoplake.runtime.settings import Settings, load
from shoplake.runtime.sql import query, tables
from shoplake.steps import job

sys.path.append(str(Path(__file__).parents[1]))
from corner_shop import mapping_file, order_line, send

#: Where and when a row came, not what it says.
WHERE = {
    *("_row_id", "_file", "_row", "_ingested_at", "_run_id", "row_id", "batch_id", "run_id"),
    *("first_seen", "recorded_at"),
}
#: Signs of an error that was not meant for the reader.
TRACES = ("Traceback", "\tat ", "Py4JJavaError", "JVM stacktrace", "org.apache.spark.")


class Shop:
    """Records, a broker, and a session that the cases share.

    Args:
        folder: for all that is made.
        records: order lines.
    """

    def __init__(self, folder: Path, records: int = 120) -> None:
        self.folder = folder
        os.environ["SHOPLAKE_PSEUDONYM_KEY"] = "a key for the chaos bench"
        self.spark = get_spark("chaos", brief=True)
        interpret(self.spark, True, {})
        self.lines = [line(i) for i in range(records)] + ["{poison"]
        self.broker = Broker(folder / "kafka", partitions=1)

    def settings(self, lake: str | Path) -> Settings:
        """Of a lake in the folder, or at a path."""
        return dataclasses.replace(load("local"), lake=str(self.folder / lake))

    def mapping(self, topic: str) -> Path:
        """A mapping whose topic is a case's own."""
        return mapping_file(self.folder, topic)

    def files(self, name: str, *parts: Sequence[str]) -> Path:
        """A folder with a file for each of `parts`."""
        data = self.folder / "data" / name
        data.mkdir(parents=True, exist_ok=True)
        for number, lines in enumerate(parts):
            (data / f"{number}.jsonl").write_text("\n".join(lines))
        return data

    def options(self, lake: str | Path) -> dict[str, str]:
        """Of Spark's Kafka source."""
        return kafka_options(self.spark, self.settings(lake), self.broker.servers)

    def send(self, topic: str, lines: Sequence[str]) -> None:
        """Messages in this order."""
        send(self.spark, self.options("any"), topic, lines)

    def consumer(self, lake: str | Path, topic: str) -> Consumer:
        """As a newly started stream has."""
        run = open_run("stream", self.spark, self.settings(lake))
        return Consumer(run, load_mapping(self.mapping(topic)), self.options(lake))

    def command(self, name: str, lake: str | Path, topic: str, *more: str) -> list[str]:
        """The options of a step."""
        given = ["--lake", str(self.folder / lake), "--shop", str(self.mapping(topic))]
        if name == "stream":
            given += ["--kafka", self.broker.servers]
        return [*given, *more]

    def step(self, name: str, lake: str | Path, topic: str, *more: str) -> tuple[int, str]:
        """A step in this process: its exit status and what it says."""
        return said_by(name, self.command(name, lake, topic, *more))

    def start(
        self, name: str, lake: str | Path, topic: str, *more: str, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """A step as a process of its own; its `stdout` has all it says."""
        command = [sys.executable, "-m", "shoplake.cli", "step", name]
        return subprocess.Popen(
            [*command, *self.command(name, lake, topic, *more)],
            env={**os.environ, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def content(self, lake: str | Path, table: str) -> list[str]:
        """A table's rows as sorted text, without where and when they came."""
        settings = self.settings(lake)
        if table not in tables(settings):
            return []
        rows = query(settings, f"SELECT * FROM {table}")
        # What is wrong with a record is told with its line in a file.
        dropped = WHERE | ({"problem"} if table == "bronze.unread" else set())
        if table.startswith("governance.quarantine_"):
            # The record that is held is a text, with where it came in it.
            held = [(r, json.loads(r["record"])) for r in rows]
            rows = [
                {**r, "record": {k: v for k, v in record.items() if k not in WHERE}}
                for r, record in held
            ]
        said = [{k: str(v) for k, v in r.items() if k not in dropped} for r in rows]
        return sorted(repr(sorted(r.items())) for r in said)

    def differences(self, calm: str | Path, lake: str | Path) -> list[str]:
        """What differs from an undisturbed lake, and where the ledger does not balance."""
        found = []
        for table in tables(self.settings(calm)):
            if table.startswith(("bronze.", "silver.", "governance.quarantine_")):
                one, other = self.content(calm, table), self.content(lake, table)
                if one != other:
                    example = sorted(set(one) ^ set(other))[:1]
                    found.append(f"{table}: {len(one)} and {len(other)} rows {example}")
        return found + self.unbalanced(lake)

    def unbalanced(self, lake: str | Path) -> list[str]:
        """Lines of the ledger that lose rows, and bronze tables that hold other than it says."""
        settings, found = self.settings(lake), []
        lines = query(
            settings,
            "SELECT table_name, batch_id, max(rows_in) AS n, max(rows_good) AS good,"
            " max(rows_good + rows_quarantined + rows_deduplicated) AS told"
            " FROM governance.ledger GROUP BY table_name, batch_id",
        )
        for r in lines:
            if r["n"] != r["told"]:
                found.append(f"ledger of {r['table_name']}: {r['n']} in, {r['told']} told")
        for table in ("bronze.orders", "bronze.unread"):
            told = sum(r["good"] for r in lines if r["table_name"] == table)
            held = len(self.content(lake, table))
            if told != held:
                found.append(f"{table}: the ledger tells of {told} rows, it holds {held}")
        return found

    def close(self) -> None:
        """End the broker."""
        self.broker.stop()
        self.spark.stop()


def line(no: int, **more: object) -> str:
    """An order line of one of seven people; every tenth corrects the one before it."""
    number = no - 1 if no % 10 == 9 else no
    when = json.loads(order_line(no))["at"]
    said = {"who": f"p{number % 7}", "units": str(1 + no % 4), "at": when}
    return order_line(number, **{**said, **more})


def said_by(name: str, options: list[str]) -> tuple[int, str]:
    """A step in this process: its exit status, -1 for an error that is a trace, and what it says."""
    said, status = io.StringIO(), 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            job(name)(options)
        except SystemExit as end:
            status = int(end.code or 0)
        except Exception:
            traceback.print_exc()
            status = -1
    return status, said.getvalue()


def traces(said: str) -> list[str]:
    """What of a step's output was not meant for the reader."""
    shown = [text for text in said.splitlines() if any(sign in text for sign in TRACES)]
    return [f"not for the reader: {text.strip()[:200]}" for text in shown[:2]]


def until(done: object, seconds: float) -> bool:
    """Ask `done()` again and again, until it is or time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():  # type: ignore[operator]
            return True
        time.sleep(0.2)
    return False


@contextlib.contextmanager
def opened() -> Iterator[Shop]:
    """A shop in a folder of its own, which goes afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="shoplake-chaos-"))
    try:
        shop = Shop(folder)
        try:
            yield shop
        finally:
            shop.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
