"""Values that rule engines get wrong, and rows of them from a seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

DOUBLES = [None, 0.0, -0.0, 1.0, -1.0, 0.5, 1e308, -1e308, 5e-324, math.nan, math.inf, -math.inf]
INTS = [None, 0, 1, 2, 3, 9, -1, 2**31 - 1, -(2**31)]
TEXTS = [
    None,
    "",
    " ",
    "a",
    "ab",
    "A",
    "ä",
    "a\u0308",
    "a\n",
    "日本",
    "🛒",
    "o'clock",
    "a\\b",
    "null",
    "NaN",
]
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def rows(seed: int, count: int, *pools: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Tuples of a value of each pool, then a row_id."""
    random = Random(seed)
    return [(*(random.choice(p) for p in pools), f"r{i:05d}") for i in range(count)]


def times(count: int) -> list[datetime | None]:
    """A pool of minutes after the epoch, and None."""
    return [None, *(EPOCH + timedelta(minutes=i) for i in range(count))]


def key(value: Any) -> Any:
    """A value as Spark groups it: NaN is one value, and so is zero."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value + 0.0
    return value
