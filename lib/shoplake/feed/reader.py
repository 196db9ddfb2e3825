"""Parquet files as an endless, seeded, resumable stream of torch batches, through Petastorm.

The files are dealt to a fixed number of shards, and a rank reads one or more whole shards. A
global batch takes as many rows from every shard, so it holds the same rows whatever the number of
processes, and every rank has the same number of steps.
"""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch

from shoplake.errors import ShoplakeError

Batch = dict[str, torch.Tensor]


class FeedError(ShoplakeError):
    """The training files cannot be read as batches."""


@dataclass(frozen=True)
class Position:
    """Where a stream goes on: the next batch is number `step` of `epoch`, both from 0."""

    epoch: int = 0
    step: int = 0


class Feed:
    """Batches of some columns of Parquet files; iterate it for (batch, position after it).

    Each epoch reads every shard once in an order given by `seed` and the epoch: row groups are
    shuffled, and rows within a row group. Rows that do not fill a batch are left out; which
    ones, differs from epoch to epoch. Integers become int64 and fractions float32; a
    fixed-length list column of length H becomes [rows, H].

    Args:
        files: absolute paths of Parquet files: those of a pinned version, never a Delta folder,
            whose superseded files would be read too.
        columns: columns to read: numbers, or fixed-length lists of numbers.
        batch_size: rows of a global batch; this rank gets batch_size / world_size of them.
        seed: of the order.
        rank: this process's rank.
        world_size: number of processes; divides `shards`.
        shards: number of shards; divides batch_size.
        start: position to start at, such as a checkpoint's.

    Raises:
        FeedError: sizes that do not divide, files without the columns or with too few rows.
    """

    def __init__(
        self,
        files: Sequence[str],
        columns: Sequence[str],
        *,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world_size: int = 1,
        shards: int = 1,
        start: Position | None = None,
    ) -> None:
        if shards % world_size or batch_size % shards:
            raise FeedError(
                f"batch size {batch_size}, {shards} shards and {world_size} processes do not fit",
                remedy="processes must divide shards, and shards must divide the batch size",
            )
        self._files = sorted(files)
        self._columns = list(columns)
        self._seed = seed
        self._shards = shards
        self._own = range(rank, shards, world_size)
        self._rows = batch_size // shards
        self._start = start or Position()
        self.rows, self.steps_per_epoch = self._plan()

    def _plan(self) -> tuple[int, int]:
        """Rows of all files, and the steps that even the smallest shard can fill."""
        if not self._files:
            raise FeedError("there are no training files", remedy="materialise the table first")
        groups: list[int] = []
        for path in self._files:
            metadata = pq.read_metadata(path)
            missing = set(self._columns) - set(metadata.schema.to_arrow_schema().names)
            if missing:
                raise FeedError(f"no column {', '.join(sorted(missing))}", where=path)
            groups += [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        # Petastorm deals row groups, in the order of paths, by index % shard_count.
        smallest = min(sum(groups[shard :: self._shards]) for shard in range(self._shards))
        if smallest < self._rows:
            raise FeedError(
                f"the smallest of {self._shards} shards has {smallest} rows and "
                f"a batch takes {self._rows} from each",
                where=f"{len(groups)} row groups, {sum(groups)} rows in {self._files[0]} ...",
                remedy="lower batch_size or shards of the model's settings, or bring more data",
            )
        return sum(groups), smallest // self._rows

    def __iter__(self) -> Generator[tuple[Batch, Position], None, None]:
        epoch, skip = self._start.epoch, self._start.step
        while True:
            streams = [self._shard(shard, epoch) for shard in self._own]
            try:
                for step in range(self.steps_per_epoch):
                    parts = [next(stream) for stream in streams]
                    if step >= skip:
                        last = step + 1 == self.steps_per_epoch
                        after = Position(epoch + 1, 0) if last else Position(epoch, step + 1)
                        yield _tensors(parts), after
            finally:
                for stream in streams:
                    stream.close()
            epoch, skip = epoch + 1, 0

    def _shard(self, shard: int, epoch: int) -> Generator[dict[str, np.ndarray], None, None]:
        """Slices of `self._rows` rows of one shard, in the epoch's order."""
        order = np.random.default_rng((self._seed, epoch, shard))
        held: dict[str, list[np.ndarray]] = {name: [] for name in self._columns}
        ready = 0
        for group in _row_groups(
            self._files, self._columns, shard, self._shards, int(order.integers(1, 2**31))
        ):
            rows = order.permutation(len(group[self._columns[0]]))
            for name in self._columns:
                held[name].append(group[name][rows])
            ready += len(rows)
            if ready < self._rows:
                continue
            joined = {name: np.concatenate(parts) for name, parts in held.items()}
            whole = ready - ready % self._rows
            for at in range(0, whole, self._rows):
                yield {name: values[at : at + self._rows] for name, values in joined.items()}
            held = {name: [values[whole:]] for name, values in joined.items()}
            ready -= whole


def _row_groups(
    files: list[str], columns: list[str], shard: int, shards: int, seed: int
) -> Iterator[dict[str, np.ndarray]]:
    """Row groups of one shard, shuffled by `seed`, read in this thread.

    Petastorm 0.13's pool of one thread loses row groups now and then (7 of 20 reads of 5 groups).
    The one function that knows Petastorm: another reader only has to replace this.
    """
    # Petastorm 0.13 uses pyarrow's legacy dataset, which warns at each call and in its own threads.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"petastorm\.")
    from petastorm import make_batch_reader

    reader = make_batch_reader(
        [f"file://{path}" for path in files],
        schema_fields=[f"^{name}$" for name in columns],
        reader_pool_type="dummy",
        shuffle_row_groups=True,
        seed=seed,
        cur_shard=shard,
        shard_count=shards,
    )
    # Its own queue reader makes a pandas Series of each column and an array of each row's list.
    reader._results_queue_reader = _Matrices()
    with closing(_Stopped(reader)):
        yield from reader


class _Matrices:
    """Takes Petastorm's row groups, which are Arrow tables, as arrays without a loop over rows."""

    batched_output = True

    def read_next(self, pool: Any, schema: Any, ngram: Any) -> dict[str, np.ndarray]:
        """The next row group; called by Petastorm's reader."""
        from petastorm.workers_pool import EmptyResultError

        try:
            table = pool.get_results()
        except EmptyResultError:
            raise StopIteration from None
        return {name: _numbers(name, table.column(name)) for name in table.column_names}


def _numbers(name: str, column: pa.ChunkedArray) -> np.ndarray:
    """A column of numbers [n], or of lists that are all of one length [n, H].

    Raises:
        FeedError: the lists differ in length.
    """
    values = column.combine_chunks()
    if not pa.types.is_list(values.type):
        return np.asarray(values.to_numpy(zero_copy_only=False))
    ends = pc.min_max(pc.list_value_length(values)).as_py()
    if ends["min"] != ends["max"] or values.null_count:
        raise FeedError(
            f"the lists of column {name} have {ends['min']} to {ends['max']} entries",
            where=f"{values.null_count:,} of {len(values):,} rows have none",
            remedy="make the table again with lists of one length",
        )
    return np.asarray(values.flatten().to_numpy(zero_copy_only=False)).reshape(len(values), -1)


class _Stopped:
    """Closes a Petastorm reader without the line that its own context manager prints."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def close(self) -> None:
        self._reader.stop()
        self._reader.join()


def _tensors(parts: list[dict[str, np.ndarray]]) -> Batch:
    batch: Batch = {}
    for name in parts[0]:
        values = np.concatenate([part[name] for part in parts])
        kind = np.float32 if values.dtype.kind == "f" else np.int64
        batch[name] = torch.from_numpy(values.astype(kind))
    return batch
