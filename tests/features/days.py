"""The calendar of these tests: instants are days after one start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

DAY_0 = datetime(2024, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    """So many days after the start of every test's world."""
    return DAY_0 + timedelta(days=number)
