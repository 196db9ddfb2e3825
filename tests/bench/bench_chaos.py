"""Faults that are no kills: does each end in recovery or a clear error, and in no loss?

    python tests/bench/bench_chaos.py [CASE ...]

The faults are real: processes, brokers, a small disk, damaged files. After each, what an undisturbed
batch of the same records holds is compared with what the disturbed lake holds; the ledger must
balance, and no error may be a stack trace. The full disk is a tmpfs, and the clock that jumps needs
libfaketime (Debian's package `faketime`, or SHOPLAKE_FAKETIME with its path); where one cannot be
had its case is passed over with a message. `bench_kills.py` and `bench_stream.py kills` do SIGKILL.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
from chaos_shop import Shop, line, opened, traces, until
from pyspark.sql.streaming import StreamingQuery

from shoplake.errors import ShoplakeError
from shoplake.ingest.stream.consume import wait
from shoplake.runtime.broker import Broker
from shoplake.runtime.sql import query, tables

CASES: dict[str, Callable[[Shop], list[str]]] = {}
TMPFS_MB = 24
PATIENCE_S = 180
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


class SkippedError(Exception):
    """A case that this machine cannot have; says why."""


def case(function: Callable[[Shop], list[str]]) -> Callable[[Shop], list[str]]:
    """Make a function one of the cases; it returns what is wrong."""
    CASES[function.__name__] = function
    return function


def calm(shop: Shop) -> str:
    """The lake of an undisturbed batch, made once."""
    if not (shop.folder / "calm").exists():
        half = len(shop.lines) // 2
        data = shop.files("calm", shop.lines[:half], shop.lines[half:])
        for name, more in (("ingest", ("--data", str(data))), ("refine", ())):
            status, said = shop.step(name, "calm", "calm", *more)
            assert status == 0, said
    return "calm"


def failed(said: str, *words: str) -> list[str]:
    """What is wrong with an error: it is a stack trace, or does not say what it is about."""
    text = " ".join(said.split()).lower()
    missing = [f"the error does not say '{w}': {text[-400:]}" for w in words if w not in text]
    return traces(said) + missing


# ---------------------------------------------------------------- broker and topics


@case
def broker_killed_mid_batch(shop: Shop) -> list[str]:
    """SIGKILL to the broker while a batch is written, and while there is none; it comes back."""
    wrong: list[str] = []
    lake, topic, lines = "broker", "corner.broker", shop.lines
    third = len(lines) // 3
    shop.send(topic, lines[:third])
    for part, sent in ((lines[third : 2 * third], 2 * third), (lines[2 * third :], len(lines))):
        consumer, streaming = shop.consumer(lake, topic), None
        try:
            streaming = consumer.start(once=False, interval="1 second", most=25)
            until(lambda: planned(shop, lake) > taken(shop, lake), PATIENCE_S)
            shop.broker.kill()
            time.sleep(6)
            shop.broker = Broker(shop.folder / "kafka", shop.broker.port, partitions=1)
            shop.send(topic, part)
            until(partial(reached, shop, lake, sent, streaming), PATIENCE_S)
            wait(streaming, consumer, 1)
        except ShoplakeError as error:
            wrong += failed(str(error), "start it again")
            if streaming is None:
                shop.send(topic, part)
        finally:
            if streaming is not None:
                streaming.stop()
    return wrong + finish(shop, lake, topic)


@case
def topic_made_anew_while_it_runs(shop: Shop) -> list[str]:
    """The broker is replaced by one whose topic of that name begins at 0 again."""
    lake, topic, half = "anew", "corner.anew", len(shop.lines) // 2
    shop.send(topic, shop.lines[:half])
    consumer = shop.consumer(lake, topic)
    streaming = consumer.start(once=False, interval="1 second", most=1000)
    wrong = []
    port = shop.broker.port
    try:
        until(partial(reached, shop, lake, half, streaming), PATIENCE_S)
        shop.broker.stop()
        shop.broker = Broker(shop.folder / "kafka2", port, partitions=1)
        shop.send(topic, shop.lines[half : half + 20])
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not wait(streaming, consumer, 2):
            pass
        wrong.append("the stream goes on, and says nothing")
    except ShoplakeError as error:
        wrong += failed(str(error), "made anew", "move that folder away")
    finally:
        streaming.stop()
    shop.send(topic, shop.lines[half + 20 :])
    status, said = shop.step("stream", lake, topic, "--once", "--refine-every", "0")
    if status != 1:
        wrong.append(f"started again without a new checkpoint it ends with {status}")
    wrong += failed(said, "made anew")
    (checkpoint,) = (shop.folder / lake / "streams").glob("*/*")
    shutil.move(checkpoint, shop.folder / "moved")
    return wrong + finish(shop, lake, topic)


@case
def duplicate_deliveries(shop: Shop) -> list[str]:
    """A producer that was not sure sends everything again: bronze keeps it, silver has it once."""
    lake, topic = "twice", "corner.twice"
    shop.send(topic, shop.lines)
    shop.send(topic, shop.lines[:-1])
    wrong = []
    status, said = shop.step("stream", lake, topic, "--once")
    wrong += [f"the stream ends with {status}: {said[-300:]}"] if status else []
    for table in ("silver.orders", "silver.people", "governance.quarantine_silver_orders"):
        if shop.content(calm(shop), table) != shop.content(lake, table):
            wrong.append(f"{table} differs")
    came, sent = shop.content(lake, "bronze.orders"), shop.content("calm", "bronze.orders")
    if sorted(set(came)) != sorted(set(sent)) or len(came) != 2 * len(sent):
        wrong.append(f"bronze.orders has {len(came)} rows for {len(sent)} sent twice")
    return wrong + shop.unbalanced(lake)


# ---------------------------------------------------------------- disk and files


@case
def full_disk(shop: Shop) -> list[str]:
    """Files and then a stream into a lake on a small disk, with room for a little more each time."""
    wrong: list[str] = []
    half = len(shop.lines) // 2
    data = shop.files("disk", shop.lines[:half])
    topic = "corner.disk"
    shop.send(topic, shop.lines[half:])
    with disk(shop.folder / "disk") as root:
        lake = root / "lake"
        steps = (
            ("ingest", ("--data", str(data))),
            ("refine", ()),
            ("stream", ("--once", "--refine-every", "0")),
        )
        for name, more in steps:
            hit = 0
            for free in (4, 60, None):
                squeeze(root, free)
                status, said = shop.step(name, lake, topic, *more)
                if status == 0:
                    break
                hit += 1
                found = failed(said, "disk is full")
                wrong += [f"{name} with {free} kB: {text}" for text in found]
            print(f"    {name}: the disk was full {hit} time(s)", flush=True)
            if status:
                wrong.append(f"{name} with room enough ends with {status}")
        squeeze(root, None)
        shop.step("refine", lake, topic)
        wrong += shop.differences(calm(shop), lake)
    return wrong


@case
def corrupted_files(shop: Shop) -> list[str]:
    """A Parquet file of bronze and of silver loses its end, or has other bytes in its pages."""
    wrong: list[str] = []
    lake, topic, lines = "corrupt", "corner.corrupt", shop.lines
    third = len(lines) // 3
    readers = {"bronze/orders": "refine", "silver/orders": "label"}
    parts = (lines[:third], lines[third : 2 * third], lines[2 * third :])
    for number, damage in enumerate((None, cut, flip)):
        data = shop.files("corrupt", *parts[: number + 1])
        shop.step("ingest", lake, topic, "--data", str(data))
        for table, reader in readers.items() if damage else ():
            files = sorted((shop.folder / lake / table).glob("*.parquet"))
            newest = max(files, key=lambda file: file.stat().st_mtime)
            kept = newest.read_bytes()
            damage(newest)
            status, said = shop.step(reader, lake, topic)
            print(f"    {damage.__name__} {table}: {reader} ends with {status}", flush=True)
            if status == 0:
                wrong.append(f"{damage.__name__} {table}: {reader} does not notice")
            found = failed(said, "damaged", newest.name.lower())
            wrong += [f"{damage.__name__} {table}: {text}" for text in found if status]
            newest.write_bytes(kept)
        status, said = shop.step("refine", lake, topic)
        wrong += [f"put right, refine ends with {status}: {said[-300:]}"] if status else []
    # Silver can be made again: nobody needs a backup of it.
    shutil.rmtree(shop.folder / lake / "silver" / "orders")
    status, said = shop.step("refine", lake, topic)
    wrong += [f"without the table, refine ends with {status}: {said[-300:]}"] if status else []
    return wrong + shop.differences(calm(shop), lake)


@case
def truncated_checkpoint(shop: Shop) -> list[str]:
    """Files of the stream's checkpoint are cut or emptied; it is moved away, and nothing is lost."""
    wrong: list[str] = []
    quarter = len(shop.lines) // 6
    lake, topic = "checkpoint", "corner.checkpoint"
    once = ("--once", "--refine-every", "0")
    for number, what in enumerate(("offsets", "commits", "metadata", "sources")):
        shop.send(topic, shop.lines[number * quarter : (number + 1) * quarter])
        shop.step("stream", lake, topic, *once)
        shop.send(topic, [])
        (checkpoint,) = (shop.folder / lake / "streams").glob("*/*")
        places = [p for p in checkpoint.rglob("*") if what in str(p.relative_to(checkpoint))]
        newest = sorted(p for p in places if p.is_file())[-1]
        newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2 if number % 2 else 0])
        status, said = shop.step("stream", lake, topic, *once)
        print(f"    {what} cut: ends with {status}", flush=True)
        if status:
            wrong += [f"{what}: {text}" for text in failed(said, "checkpoint", "away")]
            shutil.move(checkpoint, shop.folder / f"moved {what}")
    shop.send(topic, shop.lines[4 * quarter :])
    return wrong + finish(shop, lake, topic)


# ---------------------------------------------------------------- writers, clocks, schemas


@case
def two_writers(shop: Shop) -> list[str]:
    """Two processes of one step at once, and of the stream with refine beside it."""
    wrong: list[str] = []
    half = len(shop.lines) // 2
    data = shop.files("writers", shop.lines[:half])
    lake, topic = "writers", "corner.writers"
    shop.send(topic, shop.lines[half:])
    stream = ("stream", "--once", "--refine-every", "1", "--most", "20")
    pairs = (
        (("ingest", "--data", str(data)), ("ingest", "--data", str(data))),
        (("refine",), ("refine",)),
        (stream, stream, ("refine",)),
    )
    for pair in pairs:
        processes = [shop.start(name, lake, topic, *more) for name, *more in pair]
        for (name, *_), process in zip(pair, processes, strict=True):
            said = process.communicate()[0]
            print(f"    {name} ends with {process.returncode}", flush=True)
            if process.returncode:
                wrong += [f"{name}: {text}" for text in failed(said, "another")]
    return wrong + finish(shop, lake, topic)


@case
def clock_that_jumps(shop: Shop) -> list[str]:
    """Steps and streams run with a clock two days ahead, then with the true one, and again."""
    library = Path(os.environ.get("SHOPLAKE_FAKETIME", FAKETIME))
    if not library.is_file():
        raise SkippedError(f"libfaketime is not at {library}")
    wrong: list[str] = []
    third = len(shop.lines) // 3
    lake, topic = "clock", "corner.clock"
    ahead = {
        "LD_PRELOAD": str(library),
        "FAKETIME": "+2d",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    once = ("--once", "--refine-every", "1")
    for number, env in enumerate((ahead, {}, {})):
        end = None if number == 2 else (number + 1) * third
        shop.send(topic, shop.lines[number * third : end])
        process = shop.start("stream", lake, topic, *once, env=env)
        said = process.communicate()[0]
        if process.returncode:
            wrong.append(f"stream {number} ends with {process.returncode}: {said[-400:]}")
        # Each checkpoint is lost: what was taken is known from the table alone.
        (checkpoint,) = (shop.folder / lake / "streams").glob("*/*")
        shutil.move(checkpoint, shop.folder / f"clock {number}")
    wrong += finish(shop, lake, topic)
    _, said = shop.step("refine", lake, topic)
    if "silver.orders unchanged" not in " ".join(said.split()):
        wrong.append(f"with nothing new, refine makes silver again: {said[-300:]}")
    return wrong


@case
def schema_change_under_load(shop: Shop) -> list[str]:
    """While a stream runs, messages get a new field, a wider type and a number for a text."""
    lake, topic, half = "schema", "corner.schema", 20
    before = [line(i) for i in range(half)]
    after = [
        line(half, note="new"),
        line(half + 1, units=2.5),
        line(half + 2, units=3_000_000_000),
        line(half + 3, price=3.5, who=17, extra={"deep": [1, 2]}),
        line(half + 4, at=None),
    ]
    data = shop.files("schema", before, after)
    for name, more in (("ingest", ("--data", str(data))), ("refine", ())):
        shop.step(name, "schema-calm", "schema-calm", *more)
    shop.send(topic, before)
    consumer = shop.consumer(lake, topic)
    streaming = consumer.start(once=False, interval="1 second", most=1000)
    wrong: list[str] = []
    try:
        until(partial(reached, shop, lake, half, streaming), PATIENCE_S)
        shop.send(topic, after)
        until(lambda: taken(shop, lake) >= half + len(after) or not streaming.isActive, PATIENCE_S)
        wait(streaming, consumer, 1)
    except ShoplakeError as error:
        wrong.append(f"the stream ended: {error}")
    finally:
        streaming.stop()
    return wrong + finish(shop, lake, topic, "schema-calm")


# ---------------------------------------------------------------- helpers


def finish(shop: Shop, lake: str, topic: str, like: str | None = None) -> list[str]:
    """Let the stream end in peace, then compare."""
    status, said = shop.step("stream", lake, topic, "--once")
    wrong = [f"in the end the stream ends with {status}: {said[-400:]}"] if status else []
    return wrong + traces(said) + shop.differences(like or calm(shop), lake)


def records(shop: Shop, lake: str | Path, state: str) -> int:
    settings = shop.settings(lake)
    if "governance.offsets" not in tables(settings):
        return 0
    sql = f"SELECT COALESCE(SUM(records), 0) AS n FROM governance.offsets WHERE state = '{state}'"
    return int(query(settings, sql)[0]["n"])


def planned(shop: Shop, lake: str | Path) -> int:
    return records(shop, lake, "planned")


def taken(shop: Shop, lake: str | Path) -> int:
    return records(shop, lake, "taken")


def reached(shop: Shop, lake: str | Path, number: int, streaming: StreamingQuery) -> bool:
    """Whether a stream has taken so many messages, or has ended."""
    return taken(shop, lake) >= number or not streaming.isActive


@contextmanager
def disk(at: Path) -> Iterator[Path]:
    """A disk of a few megabytes, mounted there."""
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_MB}m", "tmpfs", str(at)]
    if subprocess.run(mount, capture_output=True).returncode:
        raise SkippedError("this user may not mount a tmpfs")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def squeeze(root: Path, free_kb: int | None) -> None:
    """Leave so much room on the disk, or all there is."""
    ballast = root / "ballast"
    ballast.unlink(missing_ok=True)
    if free_kb is not None:
        there = os.statvfs(root)
        size = there.f_bavail * there.f_frsize - free_kb * 1024
        ballast.write_bytes(b"\0" * max(0, size))


def cut(file: Path) -> None:
    """Half of the file is gone."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def flip(file: Path) -> None:
    """A bit of each data page is another: nothing but its checksum may tell."""
    text = bytearray(file.read_bytes())
    groups = pq.ParquetFile(file).metadata
    for group in range(groups.num_row_groups):
        for column in range(groups.num_columns):
            chunk = groups.row_group(group).column(column)
            text[chunk.data_page_offset + chunk.total_compressed_size * 3 // 4] ^= 1
    file.write_bytes(bytes(text))


def main() -> None:
    """Run the cases; exit status 1 when one is wrong."""
    wanted = sys.argv[1:] or list(CASES)
    bad = 0
    with opened() as shop:
        for name in wanted:
            began = time.monotonic()
            try:
                wrong = CASES[name](shop)
            except SkippedError as why:
                print(f"SKIPPED {name}: {why}", flush=True)
                continue
            except Exception as error:
                wrong = [f"{type(error).__name__}: {error}"]
            bad += bool(wrong)
            took = time.monotonic() - began
            print(f"{'WRONG' if wrong else 'ok':<6} {name} {took:.0f} s", flush=True)
            for text in wrong:
                print(f"    {text}", flush=True)
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
