"""The feed beside a raw pyarrow read of the same files, and how long a training step waits for it.

    python tests/bench/bench_feed.py [--rows 262144] [--runs 5] [--steps 60]

Rows: 64 token ids a row in files of 4,096 rows, as `feed.materialise` writes them. Raw is
`pyarrow.parquet.read_table` of one file after another and no more; the feed shuffles row groups and
rows and makes torch batches of 512. Both sides run alternately in one process, after the sum of
all that each read has been compared.

Waiting: the recommender's own training (conf/models/two_tower.yml on a made-up shop of 3,500
items), in which the time within `next` of the feed is counted.
"""

from __future__ import annotations

import argparse
import dataclasses
import statistics
import tempfile
import time
from collections.abc import Generator
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from shoplake.feed import Feed, Position
from shoplake.feed.reader import Batch
from shoplake.models import train as training
from shoplake.models.config import load_two_tower, model_file
from shoplake.models.inputs import TrainInputs

TOKENS, GROUP, BATCH, HISTORY, ITEMS = 64, 4096, 512, 50, 3500


def lists(values: np.ndarray) -> pa.ListArray:
    """A matrix as a column of lists, as Spark writes arrays."""
    ends = np.arange(0, values.size + 1, values.shape[1], dtype=np.int32)
    return pa.ListArray.from_arrays(ends, pa.array(values.ravel()))


def write(folder: Path, columns: dict[str, pa.Array | np.ndarray]) -> list[str]:
    """Files of `GROUP` rows."""
    folder.mkdir()
    table = pa.table(columns)
    paths = []
    for number, at in enumerate(range(0, len(table), GROUP)):
        paths.append(str(folder / f"part-{number:05}.parquet"))
        pq.write_table(table.slice(at, GROUP), paths[-1])
    return paths


def raw(files: list[str]) -> pa.Table:
    return pa.concat_tables(pq.read_table(path) for path in files)


def fed(files: list[str], epochs: int = 1) -> Generator[Batch, None, None]:
    feed = Feed(files, ["tokens"], batch_size=BATCH, seed=1)
    for batch, _ in islice(feed, feed.steps_per_epoch * epochs):
        yield batch


def compare(files: list[str], rows: int, runs: int) -> None:
    here = int(pa.compute.sum(raw(files)["tokens"].combine_chunks().values).as_py())
    there = sum(int(batch["tokens"].sum()) for batch in fed(files))
    if here != there:
        raise SystemExit(f"the two sides disagree: sums {here} and {there}")
    sides = {"raw pyarrow": lambda: raw(files), "feed": lambda: list(map(len, fed(files)))}
    times: dict[str, list[float]] = {name: [] for name in sides}
    busy: dict[str, float] = dict.fromkeys(sides, 0.0)
    for _ in range(runs):
        for name, read in sides.items():
            started, spent = time.perf_counter(), time.process_time()
            read()
            times[name].append(time.perf_counter() - started)
            busy[name] += time.process_time() - spent
    print(f"{rows:,} rows of {TOKENS} token ids; same sum of all: {here:,}")
    for name, taken in times.items():
        best = rows / min(taken)
        print(f"{name}: {rows / statistics.median(taken):,.0f} rows/s, best {best:,.0f}")
    ratios = [a / b for a, b in zip(*times.values(), strict=True)]
    print(f"feed over raw: median {statistics.median(ratios):.2f}, best {max(ratios):.2f}")
    # What other programs take of the machine counts in the above, and not here.
    print(f"by CPU seconds: {busy['raw pyarrow'] / busy['feed']:.2f}")


class TimedFeed(Feed):
    """Counts the seconds within `next`, of all steps but the first, which opens the files."""

    waited: ClassVar[list[tuple[float, float]]] = []

    def __iter__(self) -> Generator[tuple[Batch, Position], None, None]:
        batches = super().__iter__()
        while True:
            started, spent = time.perf_counter(), time.process_time()
            found = next(batches)
            TimedFeed.waited.append((time.perf_counter() - started, time.process_time() - spent))
            yield found


def waiting(folder: Path, steps: int) -> None:
    """Trains a two-tower on a made-up shop and says what part of a step was spent waiting."""
    draw = np.random.default_rng(0)
    rows = BATCH * 40
    history = draw.integers(1, ITEMS + 1, (rows, HISTORY)).astype(np.int32)
    examples = write(
        folder / "examples",
        {
            "snapshot": np.zeros(rows, np.int32),
            "target_index": draw.integers(1, ITEMS + 1, rows).astype(np.int32),
            "label": np.ones(rows),
            "weight": np.ones(rows),
            "history": lists(history),
            "history_counts": lists(draw.integers(0, 4, history.shape).astype(np.int32)),
            "history_days": lists(draw.integers(0, 300, history.shape).astype(np.int32)),
        },
    )
    items = np.arange(1, ITEMS + 1, dtype=np.int32)
    texts = [f"thing {i % 60} of kind {i % 7}" for i in items]
    about = write(
        folder / "items", {"item_index": items, "text": pa.array(texts), "as_of": np.zeros(ITEMS)}
    )
    zeros = np.zeros(ITEMS)
    snapshots = write(
        folder / "snapshots",
        {
            "snapshot": np.zeros(ITEMS, np.int32),
            "item_index": items,
            "log_popularity": zeros + 1,
            "log_recent": zeros,
            "split": pa.array(["train"] * ITEMS),
        },
    )
    config = load_two_tower(model_file("two_tower"))
    config = dataclasses.replace(
        config, steps=steps, finetune=dataclasses.replace(config.finetune, steps=0)
    )
    training.Feed = TimedFeed  # type: ignore[attr-defined]
    at: list[tuple[float, float]] = []
    inputs = TrainInputs(tuple(examples), tuple(about), tuple(snapshots))
    training.train(
        config,
        inputs,
        str(folder / "run"),
        lambda _: at.append((time.perf_counter(), time.process_time())),
    )
    waited = np.sum(TimedFeed.waited[1 : len(at)], axis=0)
    took = np.subtract(at[-1], at[0])
    print(f"{len(at) - 1} training steps of {BATCH} examples: {took[0] / (len(at) - 1):.3f} s each")
    wall, cpu = waited / took
    print(f"waiting for data: {wall:.2%} of the time; of CPU seconds {cpu:.2%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("rows", 262_144), ("runs", 5), ("steps", 60)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    rows = asked.rows - asked.rows % GROUP
    with tempfile.TemporaryDirectory() as folder:
        tokens = np.random.default_rng(0).integers(0, 30_000, (rows, TOKENS)).astype(np.int32)
        compare(write(Path(folder) / "rows", {"tokens": lists(tokens)}), rows, asked.runs)
        if asked.steps:
            waiting(Path(folder), asked.steps)


if __name__ == "__main__":
    main()
