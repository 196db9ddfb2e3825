"""Faults of disks and of the files on them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
from chaos_cases import SkippedError, calm, case, failed, finish
from chaos_shop import Shop

TMPFS_MB = 24


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
