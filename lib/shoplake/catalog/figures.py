"""Numbers, times and sizes as a reader likes them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from markupsafe import Markup, escape


def number(value: float | int | None) -> str:
    """`12,345`, `0.123`, empty for None."""
    if value is None:
        return ""
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"


def compact(value: int) -> str:
    """`451 k`, `1.2 M`."""
    for limit, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if value >= limit:
            return f"{value / limit:.3g} {unit}"
    return str(value)


def share(part: int, whole: int) -> str:
    """A percentage that says 0% only of nothing."""
    if not whole or not part:
        return "0%"
    found = 100 * part / whole
    return f"{found:.3g}%" if found >= 0.001 else "<0.001%"


def moment(value: datetime | None) -> str:
    """`2026-11-24 11:33`, UTC."""
    return "" if value is None else f"{value:%Y-%m-%d %H:%M}"


def size(count: int) -> str:
    """Bytes as `12.3 MB`."""
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count} B"


def span(value: timedelta | None) -> str:
    """`2 d`, `5 h`, `1 min`, `8 s`."""
    if value is None:
        return ""
    seconds = value.total_seconds()
    for limit, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= limit:
            return f"{seconds / limit:.3g} {unit}"
    return f"{seconds:.2g} s"


def ticks(text: str) -> Markup:
    """A text of a contract, what stands in `backticks` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
