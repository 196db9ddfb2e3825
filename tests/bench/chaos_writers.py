"""Two processes at once, and clocks that are wrong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from chaos_cases import SkippedError, case, failed, finish
from chaos_shop import Shop

FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


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
            return [f"stream {number} ends with {process.returncode}: {said[-400:]}"]
        # Each checkpoint is lost: what was taken is known from the table alone.
        (checkpoint,) = (shop.folder / lake / "streams").glob("*/*")
        shutil.move(checkpoint, shop.folder / f"clock {number}")
    wrong += finish(shop, lake, topic)
    _, said = shop.step("refine", lake, topic)
    if "silver.orders unchanged" not in " ".join(said.split()):
        wrong.append(f"with nothing new, refine makes silver again: {said[-300:]}")
    return wrong
