"""Which column, or few columns together, identify a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
import pandas as pd
import pyarrow as pa

from shoplake.contracts.draft.column import Column
from shoplake.contracts.draft.kinds import COVERAGE
from shoplake.contracts.draft.names import is_identifier, is_measure, words
from shoplake.contracts.draft.sample import Sample

_COLUMNS = 10
_CANDIDATES = 6
_WIDEST = 3
#: Hashes kept per candidate; beyond, one in 2, 4, ... keys is looked at, with all of its rows.
_KEPT = 2_000_000
_LONG = 100
#: Codes that describe a row more than they name it.
_PLACES = {"zip", "postcode"}


def candidates(sample: Sample, columns: Sequence[Column]) -> list[tuple[str, ...]]:
    """Headers that may be a key, best first: unique in the first rows and in the sample."""
    fit = [c for c in columns if _can_identify(c)]
    fit.sort(key=lambda c: (not is_identifier(c.header), not c.kind.is_time))
    hashed = [
        {c.header: column_hashes(rows, c.header) for c in fit}
        for rows in (sample.head, sample.rows)
    ]
    best = sorted(fit, key=lambda c: -(c.distinct or 0))[:_COLUMNS]
    tried = [c.header for c in fit if c in best]
    # Two things can always happen at the same moment.
    times = {c.header for c in fit if c.kind.is_time}
    named = {h for h in tried if is_identifier(h) and not _PLACES & set(words(h))}
    sizes = {c.header: max(c.distinct or 0, 1) for c in fit}
    found: list[tuple[str, ...]] = []
    nearest: tuple[float, tuple[str, ...]] = (-1.0, ())
    for size in range(1, _WIDEST + 1):
        level = []
        for headers in combinations(tried, size):
            if any(set(f) <= set(headers) for f in found) or set(headers) <= times:
                continue
            share = min(_unique_share([h[n] for n in headers]) for h in hashed)
            nearest = max(nearest, (round(share - 0.01 * size, 4), headers))
            if share >= COVERAGE - 0.01:
                level.append(headers)
        # Columns of many values are unique together by chance: fewest possible pairs win.
        found += sorted(
            level,
            key=lambda headers: (
                sum(h not in named for h in headers),
                prod(sizes[h] for h in headers),
            ),
        )
        if len(found) >= _CANDIDATES:
            break
    if not found and nearest[1]:
        found = [nearest[1]]
    return found[:_CANDIDATES]


@dataclass
class Tally:
    """Counts how often a candidate's values repeat, over all rows and over distinct rows."""

    headers: tuple[str, ...]
    one_in: int = 1

    def __post_init__(self) -> None:
        self._keys = np.empty(0, np.uint64)
        self._rows = np.empty(0, np.uint64)

    def count(self, keys: np.ndarray, rows: np.ndarray) -> None:
        """Add a piece: hashes of the candidate's values and of the whole rows."""
        chosen = keys % np.uint64(self.one_in) == 0
        self._keys = np.concatenate([self._keys, keys[chosen]])
        self._rows = np.concatenate([self._rows, rows[chosen]])
        while len(self._keys) > _KEPT:
            self.one_in *= 2
            chosen = self._keys % np.uint64(self.one_in) == 0
            self._keys, self._rows = self._keys[chosen], self._rows[chosen]

    @property
    def repeated(self) -> tuple[int, int]:
        """Rows whose key another row has already: (exact copies of it, others)."""
        frame = pd.DataFrame({"key": self._keys, "row": self._rows})
        different = frame.drop_duplicates()
        copies = len(frame) - len(different)
        others = len(different) - different["key"].nunique()
        return copies * self.one_in, others * self.one_in


def column_hashes(rows: pa.Table, header: str) -> np.ndarray:
    """A hash of each value; null has one too."""
    values = rows[header].to_pandas().fillna("").to_numpy(dtype=object)
    return pd.util.hash_array(values)


def combined(hashes: Sequence[np.ndarray]) -> np.ndarray:
    """One hash for several columns (multiplied and mixed, as in FNV-1a)."""
    whole = np.full(len(hashes[0]), 0xCBF29CE484222325, np.uint64)
    for each in hashes:
        whole = (whole ^ each) * np.uint64(0x100000001B3)
        whole ^= whole >> np.uint64(32)
    return whole


def _can_identify(column: Column) -> bool:
    long = column.max_length is not None and column.max_length > _LONG
    exact = column.kind.type not in ("double", "float", "boolean")
    amount = column.kind.type.startswith("decimal") or is_measure(column.header)
    return column.required and exact and not amount and not long and (column.distinct or 0) > 1


def _unique_share(hashes: list[np.ndarray]) -> float:
    whole = combined(hashes)
    return len(np.unique(whole)) / max(len(whole), 1)
