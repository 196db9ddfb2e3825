"""A uniform sample of rows in bounded memory, beside the first rows as they come."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from shoplake.contracts.draft.arrow import texts

SIZE = 200_000
HEAD = 50_000
_SEED = 20_261_124


class Sample:
    """`rows` drawn uniformly (all of them up to SIZE), `head` the first ones, `total` their number.

    Each row is given a random number and the smallest are kept (bottom-k sampling), so the pieces
    may be of any size.
    """

    def __init__(self, pieces: Iterator[pa.Table]) -> None:
        random = np.random.default_rng(_SEED)
        self.total = 0
        kept: pa.Table | None = None
        drawn = np.empty(0)
        first: list[pa.Table] = []
        for piece in pieces:
            text = pa.table({name: texts(piece[name]) for name in piece.column_names})
            if self.total < HEAD:
                first.append(text.slice(0, HEAD - self.total))
            self.total += text.num_rows
            numbers = random.random(text.num_rows)
            if len(drawn) >= SIZE:
                low = np.flatnonzero(numbers < drawn.max())
                text, numbers = text.take(pa.array(low)), numbers[low]
            kept = text if kept is None else _joined(kept, text)
            drawn = np.concatenate([drawn, numbers])
            if len(drawn) > 2 * SIZE:
                kept, drawn = _smallest(kept, drawn)
        if kept is not None and len(drawn) > SIZE:
            kept, drawn = _smallest(kept, drawn)
        empty = pa.table({})
        self.rows = empty if kept is None else kept.combine_chunks()
        self.head = _all(first) if first else empty

    def column(self, name: str) -> tuple[pd.Series, np.ndarray, int]:
        """Of a column of the sample: distinct texts, the rows of each, and rows without any."""
        return distinct(self.rows[name])


def distinct(column: pa.ChunkedArray) -> tuple[pd.Series, np.ndarray, int]:
    """Distinct texts in the order they come, how many rows hold each, and how many hold none."""
    found = pc.value_counts(column.drop_null())
    values = pd.Series(found.field("values").to_pandas(), dtype=object)
    return values, found.field("counts").to_numpy(), column.null_count


def _smallest(rows: pa.Table, drawn: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    low = np.sort(np.argpartition(drawn, SIZE)[:SIZE])
    return rows.take(pa.array(low)).combine_chunks(), drawn[low]


def _joined(left: pa.Table, right: pa.Table) -> pa.Table:
    """Below each other; a column that one lacks is null there (JSON lines)."""
    return pa.concat_tables([left, right], promote_options="default")


def _all(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables, promote_options="default").combine_chunks()
