"""Bounds for numbers and times: round, with headroom, and not stretched by a few outliers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from shoplake.contracts.draft.kinds import COVERAGE, Kind
from shoplake.contracts.draft.names import is_identifier, words

#: At most this share of the rows may lie beyond a bound that an outlier would stretch ...
TAIL = 1e-4
#: ... and only where the outlier would stretch it this many times.
_STRETCH = 5
_HEADROOM = 1.5
#: A count that is open upwards may reach this, however little was seen of it.
_LEAST = 10
_OFTEN = 0.01
#: Ranges that a name stands for, if the values keep to it.
_CALENDAR = {
    "month": (1, 12),
    "hour": (0, 23),
    "minute": (0, 59),
    "week": (1, 53),
    "weekday": (0, 7),
    "latitude": (-90, 90),
    "lat": (-90, 90),
    "longitude": (-180, 180),
    "lon": (-180, 180),
    "lng": (-180, 180),
    "age": (0, 120),
    "percent": (0, 100),
    "pct": (0, 100),
}
_LATEST = "2100-01-01"


@dataclass(frozen=True)
class Range:
    """Inclusive bounds as a contract writes them, and why."""

    minimum: int | float | str | None = None
    maximum: int | float | str | None = None
    why: str = ""

    def untold(self) -> Range | None:
        """The bounds that may be written of personal data: no one's value is to be read in them."""
        why = "personal, so what was seen is not told"
        if isinstance(self.minimum, str):
            decade = int(self.minimum[:4]) // 10 * 10
            return Range(f"{decade}-01-01", self.maximum, why)
        return Range(0, why=why) if self.minimum is not None and self.minimum >= 0 else None


def number_range(name: str, kind: Kind, values: pd.Series, counts: np.ndarray) -> Range | None:
    """Bounds for a number.

    Args:
        name: the column's.
        kind: its type.
        values: distinct numbers; nulls are left out.
        counts: how many rows hold each.
    """
    known = np.isfinite(values.to_numpy(dtype=float))
    numbers, weights = values.to_numpy(dtype=float)[known], counts[known]
    if not len(numbers):
        return None
    if is_identifier(name):
        return Range(0, why="an identifier is not negative") if numbers.min() >= 0 else None
    order = np.argsort(numbers)
    numbers, weights = numbers[order], weights[order]
    lowest, highest = float(numbers[0]), float(numbers[-1])
    seen = f"{_plain(lowest)} to {_plain(highest)} seen"
    whole = kind.type in ("int", "bigint")
    closed = _closed(name, numbers, whole)
    if closed is not None:
        return Range(*closed, why=seen)
    beyond = np.cumsum(weights) / weights.sum()
    tail = _tail(weights)
    low = float(numbers[np.searchsorted(beyond, tail)])
    high = float(numbers[min(np.searchsorted(beyond, 1 - tail), len(numbers) - 1)])
    top = highest if highest <= _STRETCH * max(high, 1) else high
    if low >= 0:
        # Where whole numbers begin at 1 and many are 1, nothing has no 0.
        at_one = float(weights[numbers == 1].sum() / weights.sum())
        bottom: float = 1 if whole and lowest == 1 and at_one >= _OFTEN else 0
    else:
        bottom = lowest if lowest >= _STRETCH * min(low, -1) else low
        bottom = -_round_up(-bottom * _HEADROOM)
    upper = _round_up(top * _HEADROOM) if top > 0 else 0
    if whole:
        bottom, upper = math.floor(bottom), max(math.ceil(upper), _LEAST)
    return Range(_short(bottom), _short(upper), seen)


def time_range(values: pd.Series, counts: np.ndarray) -> Range | None:
    """From the first year on, and not in the placeholder years; a few earlier rows lie outside."""
    known = values.notna().to_numpy()
    times, weights = values[known].sort_values(), counts[known]
    if times.empty:
        return None
    weights = weights[np.argsort(values[known].to_numpy(), kind="stable")]
    beyond = np.cumsum(weights) / weights.sum()
    first: datetime = times.iloc[int(np.searchsorted(beyond, _tail(weights)))]
    earliest, latest = times.iloc[0], times.iloc[-1]
    year = earliest.year if first.year - earliest.year <= _STRETCH else first.year
    seen = f"{earliest:%Y-%m-%d} to {latest:%Y-%m-%d} seen"
    return Range(f"{year:04d}-01-01", _LATEST, seen)


def _tail(weights: np.ndarray) -> float:
    """The share of the rows on one side that is taken for outliers: two rows at least."""
    return min(max(TAIL, 2.5 / weights.sum()), (1 - COVERAGE) / 2)


def _closed(name: str, numbers: np.ndarray, whole: bool) -> tuple[float, float] | None:
    """Bounds of a scale that has ends: calendars, ratings, flags, shares."""
    lowest, highest = float(numbers[0]), float(numbers[-1])
    for word in reversed(words(name)):
        if word in _CALENDAR:
            low, high = _CALENDAR[word]
            if low <= lowest and highest <= high:
                return low, high
        if word == "year" and whole and lowest >= 1800 and highest <= 2100:
            return math.floor(lowest / 10) * 10, 2100
    steps = np.unique(numbers)
    scale = whole or bool(np.all(np.isclose(steps * 100, np.round(steps * 100))))
    if scale and lowest in (0, 1) and highest in (1, 3, 4, 5, 6, 7, 10) and len(steps) <= 31:
        full = len(steps) >= (highest - lowest + 1) * (1 if whole else 0.8)
        if full:
            return int(lowest), int(highest)
    if not whole and lowest >= 0 and 0.5 < highest <= 1:
        return 0, 1
    if not whole and -1 <= lowest < 0 and highest <= 1 and min(-lowest, highest) > 0.3:
        return -1, 1
    return None


def _round_up(number: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, ..."""
    if number <= 0:
        return 0
    power = 10.0 ** math.floor(math.log10(number))
    for step in (1, 2, 5, 10):
        if number <= step * power * (1 + 1e-12):
            return step * power
    return 10 * power


def _short(number: float) -> int | float:
    return int(number) if float(number).is_integer() else float(f"{number:.10g}")


def _plain(number: float) -> str:
    return f"{number:,.10g}"
