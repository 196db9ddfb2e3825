"""What is known of a column's values in a batch, in a form that two batches can be merged in.

Counts, sums and extremes merge as they are; squared deviations by Chan, Golub and LeVeque (1983),
which unlike sums of squares loses no digits; distinct counts as HyperLogLog sketches (Spark's, of
Apache DataSketches); histograms as counts in fixed bins. So a table's history is never read again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from shoplake.contracts.model import Column, Contract, Rule

_NUMBERS = ("int", "bigint", "float", "double", "decimal")
_TIMES = ("date", "timestamp")


@dataclass(frozen=True)
class Wanted:
    """One column's state to be kept: `scope` is the SQL of the rows looked at, "" for all.

    Attributes:
        column: its name; "" stands for the rows themselves.
        extremes, moments, sketch: what to compute beside counts; sum and extremes go together.
        bins: bounds of a histogram of numbers, or categories; None for no histogram.
        is_number: the bins are bounds.
    """

    column: str
    scope: str = ""
    extremes: bool = False
    moments: bool = False
    sketch: bool = False
    bins: tuple[str, ...] | None = None
    is_number: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Identity within a table."""
        return self.column, self.scope


@dataclass(frozen=True)
class State:
    """Attributes are None where they were not wanted or there is no value.

    Attributes:
        rows, nulls: rows looked at, and those of them without a value.
        total, squares: sum of the values, and of their squared deviations from the mean.
        low, high: extremes; of times in seconds since 1970 UTC.
        sketch, distinct: HyperLogLog sketch and its estimate.
        bins, counts: upper bounds (inclusive) of the bins or the categories; rows in each, then
            those beyond the last.
    """

    rows: int
    nulls: int = 0
    total: float | None = None
    squares: float | None = None
    low: float | None = None
    high: float | None = None
    sketch: bytes | None = None
    distinct: float | None = None
    bins: tuple[str, ...] | None = None
    counts: tuple[int, ...] | None = None

    @property
    def values(self) -> int:
        """Rows that have a value."""
        return self.rows - self.nulls

    def merge(self, other: State) -> State:
        """The state of both batches' rows; `distinct` is left to be estimated from sketches."""
        counts = None
        if self.bins == other.bins and self.counts and other.counts:
            counts = tuple(a + b for a, b in zip(self.counts, other.counts, strict=True))
        return State(
            rows=self.rows + other.rows,
            nulls=self.nulls + other.nulls,
            total=_both(lambda a, b: a + b, self.total, other.total),
            squares=self._squares_with(other),
            low=_both(least, self.low, other.low),
            high=_both(greatest, self.high, other.high),
            bins=self.bins if counts else None,
            counts=counts,
        )

    def _squares_with(self, other: State) -> float | None:
        if self.squares is None or other.squares is None:
            return other.squares if self.squares is None else self.squares
        assert self.total is not None
        assert other.total is not None
        gap = other.total / other.values - self.total / self.values
        weight = self.values * other.values / (self.values + other.values)
        return self.squares + other.squares + gap * gap * weight

    def replaced(self, was: State, now: State) -> State | None:
        """The state after some of the rows, of state `was`, have become others, of state `now`.

        Returns:
            None where it cannot be told without the other rows: the least or greatest value was
            that of a row that has it no longer, or there are squares, sketches, histograms or NaN.
        """
        states = (self, was, now)
        if any(s.squares is not None or s.sketch or s.bins for s in states):
            return None
        if any(v is not None and math.isnan(v) for s in states for v in (s.total, s.low, s.high)):
            return None
        if was.low is not None and was.high is not None:
            assert self.low is not None
            assert self.high is not None
            if was.low <= self.low and (now.low is None or now.low > was.low):
                return None
            if was.high >= self.high and (now.high is None or now.high < was.high):
                return None
        rows = self.rows - was.rows + now.rows
        nulls = self.nulls - was.nulls + now.nulls
        total = _both(lambda a, b: a + b, self.total, now.total)
        if total is not None and was.total is not None:
            total -= was.total
        return State(
            rows=rows,
            nulls=nulls,
            total=total if rows > nulls else None,
            low=_both(least, self.low, now.low),
            high=_both(greatest, self.high, now.high),
        )

    def value(self, measure: str) -> float | None:
        """An aggregate (`contracts.quality` has their names); None without rows to take it of."""
        if measure == "row_count":
            return float(self.rows)
        if measure == "null_count":
            return float(self.nulls)
        if measure == "null_share":
            return self.nulls / self.rows if self.rows else None
        if measure == "mean":
            return None if self.total is None or not self.values else self.total / self.values
        if measure == "stddev":
            if self.squares is None or self.values < 2:
                return None
            return math.sqrt(self.squares / (self.values - 1))
        named = {"sum": "total", "min": "low", "max": "high", "distinct_count": "distinct"}
        found: float | None = getattr(self, named[measure])
        return found


def least(a: float, b: float) -> float:
    """The smaller, NaN being greater than any number as it is in Spark."""
    return b if math.isnan(a) or b < a else a


def greatest(a: float, b: float) -> float:
    """The greater, NaN being greater than any number as it is in Spark."""
    return a if math.isnan(a) or b < a else b


def wanted(contract: Contract, bins: dict[tuple[str, str], tuple[str, ...]]) -> list[Wanted]:
    """The states a contract's batches are described by: a cheap set, and what its rules need.

    Every column has its nulls counted, and numbers and times their sum and extremes taken, but
    values of personal columns are never kept.

    Args:
        contract: its rules may ask for more, or for rows of their own (`where`).
        bins: of the histograms of drift rules, by column and scope.
    """
    found: dict[tuple[str, str], Wanted] = {("", ""): Wanted("")}
    for column in contract.columns:
        open_ = column.classification in ("public", "internal") and is_numeric(column)
        found[column.name, ""] = Wanted(column.name, extremes=open_)
    for rule in contract.rules:
        if rule.kind in ("aggregate", "freshness", "drift"):
            key = key_of(rule)
            known = found.get(key, Wanted(*key))
            found[key] = _with(known, rule, contract, bins.get(key))
    return list(found.values())


def key_of(rule: Rule) -> tuple[str, str]:
    """The state that a batch rule is about."""
    return (rule.columns[0] if rule.columns else ""), rule.where or ""


def is_numeric(column: Column) -> bool:
    """Whether the column has numbers or times."""
    return column.type.startswith((*_NUMBERS, *_TIMES))


def _with(known: Wanted, rule: Rule, contract: Contract, bins: tuple[str, ...] | None) -> Wanted:
    if rule.kind == "drift":
        number = is_numeric(contract.column(rule.columns[0]))
        return replace(known, bins=bins, is_number=number)
    measure = rule.measure
    return replace(
        known,
        extremes=known.extremes
        or rule.kind == "freshness"
        or measure in ("mean", "sum", "min", "max", "stddev"),
        moments=known.moments or measure == "stddev",
        sketch=known.sketch or measure == "distinct_count",
    )


def merged(states: Iterable[State]) -> State | None:
    """All states as one, or None of none."""
    result: State | None = None
    for state in states:
        result = state if result is None else result.merge(state)
    return result


def _both(join: Callable[[float, float], float], a: float | None, b: float | None) -> float | None:
    if a is None or b is None:
        return b if a is None else a
    return join(a, b)
