"""One column: what is drafted for it from a sample, and how many rows do not fit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from shoplake.contracts.draft.kinds import (
    COVERAGE,
    DIGITS_LOST,
    STRING,
    Kind,
    is_missing,
    kind_of,
    typed,
)
from shoplake.contracts.draft.names import is_identifier
from shoplake.contracts.draft.personal import Detector, Personal
from shoplake.contracts.draft.ranges import Range, number_range, time_range
from shoplake.contracts.draft.shapes import allowed, bounded, longest, pattern


@dataclass
class Column:
    """Clauses of a column; `outside` counts, over all rows, what each does not cover.

    Attributes:
        header: its name in the source.
        name: its name in the table.
        kind: type and how it is read.
        required: drafted as never null.
        range, allowed, pattern, max_length: clauses, where drafted.
        form: what the pattern is.
        personal: personal data it holds.
        unique: no two rows share a value (the key is drafted apart).
        rows, outside, tokens: counted by `count`; tokens are words for "no value".
    """

    header: str
    name: str
    kind: Kind = STRING
    required: bool = False
    range: Range | None = None
    allowed: list[str] | None = None
    pattern: str | None = None
    form: str = ""
    max_length: int | None = None
    personal: Personal | None = None
    key_position: int | None = None
    distinct: int | None = None
    rows: int = 0
    outside: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)

    def count(self, values: pd.Series, counts: np.ndarray, nulls: int) -> None:
        """Count a piece: distinct texts, the rows that hold each, and rows that hold none."""
        self.rows += nulls + int(counts.sum())
        missing = is_missing(values, self.kind).to_numpy(dtype=bool)
        for value, count in zip(values[missing], counts[missing], strict=True):
            self.tokens[value] += int(count)
        self.outside["required"] += nulls + int(counts[missing].sum())
        values, counts = values[~missing], counts[~missing]
        converted = typed(self.kind, values)
        fits = converted.notna().to_numpy(dtype=bool)
        self.outside["type"] += int(counts[~fits].sum())
        converted, counts = converted[fits], counts[fits]
        for clause, holds in self._tests(converted):
            self.outside[clause] += int(counts[~holds.to_numpy(dtype=bool)].sum())

    def drop_uncovered(self) -> None:
        """Take back clauses that too few of the counted rows fit."""
        most = (1 - COVERAGE) * max(self.rows, 1)
        if self.outside["type"] > most:
            self.kind, self.range = STRING, None
        if self.outside["required"] > most:
            self.required = False
        if self.outside["range"] > most:
            self.range = None
        if self.outside["set"] > most:
            self.allowed = None
        if self.outside["pattern"] > most:
            self.pattern = None

    def _tests(self, values: pd.Series) -> list[tuple[str, pd.Series]]:
        tests = []
        if self.range is not None:
            tests.append(("range", _between(self.range, values, self.kind)))
        if self.allowed is not None:
            tests.append(("set", values.isin(self.allowed)))
        if self.pattern is not None:
            tests.append(("pattern", values.str.fullmatch(self.pattern)))
        if self.max_length is not None:
            tests.append(("length", values.str.len() <= self.max_length))
        return tests


def draft_column(
    header: str,
    name: str,
    values: pd.Series,
    counts: np.ndarray,
    nulls: int,
    *,
    settled: str | None,
    detect: Detector,
) -> Column:
    """What a sample of a column says.

    Args:
        header, name: in the source and in the table.
        values: distinct texts, trimmed; counts: rows of each; nulls: rows without.
        settled: the Spark SQL type, if it is known.
        detect: finds personal data.
    """
    rows = nulls + int(counts.sum())
    kind = Kind(settled) if settled else kind_of(header, values, counts)
    column = Column(header, name, kind, distinct=len(values))
    missing = is_missing(values, kind).to_numpy(dtype=bool)
    absent = nulls + int(counts[missing].sum())
    column.required = rows > 0 and absent <= (1 - COVERAGE) * rows
    values, counts = values[~missing], counts[~missing]
    if values.empty:
        return column
    some = [str(v) for v in values.head(20_000)]
    column.personal = detect(header, some)
    if kind.is_number:
        column.range = number_range(header, kind, typed(kind, values), counts)
    elif kind.is_time:
        column.range = time_range(typed(kind, values), counts)
    elif kind.type == "string":
        _text(column, values, counts)
    if column.personal and column.range is not None:
        column.range = column.range.untold()
    return column


def _text(column: Column, values: pd.Series, counts: np.ndarray) -> None:
    closed = None if column.personal else allowed(values, counts)
    if closed is not None:
        column.allowed = closed[0]
        return
    shaped = len(values) > 20 or is_identifier(column.header)
    mangled = column.kind.note.endswith(DIGITS_LOST)
    found = pattern(values.head(50_000), counts[:50_000]) if shaped and not mangled else None
    if found is not None:
        column.pattern, column.form = found
    if column.pattern is None or not bounded(column.pattern):
        column.max_length = longest(values)


def _between(bounds: Range, values: pd.Series, kind: Kind) -> pd.Series:
    low, high = bounds.minimum, bounds.maximum
    if kind.is_time:
        low, high = pd.Timestamp(low), pd.Timestamp(high)  # type: ignore[arg-type]
    holds = pd.Series(True, index=values.index)
    if low is not None:
        holds &= values >= low
    if high is not None:
        holds &= values <= high
    return holds
