"""A shuffled copy of training rows in equal row groups, named by what it holds.

Petastorm deals whole row groups to ranks, so a table's own files, uneven and in the order they
were written, make uneven ranks and poor shuffles. The copy is made once for each table version,
and is the "Petastorm cache" that an erasure has to remove.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shoplake.feed.reader import FeedError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_ROWS_PER_TASK = 2**20
# So many row groups, if there are rows enough, that a few ranks share them evenly.
_LEAST_GROUPS = 16


def materialise(
    df: DataFrame,
    root: Path,
    *,
    source: str,
    key: str,
    columns: Sequence[str],
    seed: int = 0,
    rows_per_group: int = 4096,
) -> list[str]:
    """Write `columns` of `df` below `root` in an order that depends on `key` and `seed` alone.

    Args:
        df: the rows, read from a pinned version.
        root: folder of all copies; each is a folder named by a digest of the arguments.
        source: what `df` is, version included, such as "gold.training_examples@12 train". The
            same source, columns, seed and row group size reuse the copy that exists.
        key: column that identifies a row; it decides the order and is not written unless it is
            among `columns`.
        columns: columns to keep: the fewer, the less an erasure has to look for.
        seed: of the order.
        rows_per_group: rows of a file, which is one row group (Spark 4.0 has no limit of rows for
            groups within a file); fewer where the table is small.

    Returns:
        Absolute paths of the Parquet files, sorted.

    Raises:
        FeedError: `df` has no rows.
    """
    from pyspark.sql import functions as F

    said = json.dumps([source, key, list(columns), seed, rows_per_group])
    folder = root.resolve() / hashlib.sha256(said.encode()).hexdigest()[:16]
    if not folder.is_dir():
        rows = df.count()
        if rows == 0:
            raise FeedError(
                "there are no rows to train on",
                where=source,
                remedy="bring more data: labels need events after a cut and history before it",
            )
        tasks = math.ceil(rows / _ROWS_PER_TASK)
        groups = max(math.ceil(rows / rows_per_group), tasks * _LEAST_GROUPS)
        order = F.xxhash64(F.lit(seed), F.col(key))
        made = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:8]}.tmp")
        (
            df.withColumn("_order", order)
            .repartition(tasks, key)
            .sortWithinPartitions("_order", key)
            .select(*columns)
            .write.option("maxRecordsPerFile", math.ceil(rows / groups))
            .parquet(made.as_uri())
        )
        (made / "source.json").write_text(said)
        _settle(made, folder)
    return sorted(str(path) for path in folder.glob("*.parquet"))


def purge(root: Path) -> list[str]:
    """Remove every copy below `root`, unfinished ones too; returns the folders removed."""
    folders = sorted(path for path in root.resolve().glob("*") if path.is_dir())
    for folder in folders:
        shutil.rmtree(folder)
    return [str(folder) for folder in folders]


def _settle(made: Path, folder: Path) -> None:
    """Give a finished copy its name; where another process was faster, its copy stands."""
    try:
        os.rename(made, folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(made)
