"""What `shoplake status` says of a table's age."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shoplake.contracts.model import Contract
from shoplake.governance.status import freshness

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("newest", "limit", "told"),
    [
        (NOW - timedelta(hours=2), timedelta(hours=12), ("fresh", "limit 12 h)")),
        (NOW - timedelta(hours=13), timedelta(hours=12), ("stale", "limit 12 h)")),
        ((NOW - timedelta(days=3)).date(), timedelta(days=2), ("stale", "limit 2 d)")),
        (NOW.date(), timedelta(days=1.5), ("fresh", "limit 1.5 d)")),
    ],
)
def test_an_age_is_measured_by_a_day_or_by_an_instant(
    newest: date, limit: timedelta, told: tuple[str, str]
) -> None:
    contract = Contract(
        table="silver.t",
        version="1.0.0",
        description="",
        grain="",
        columns=(),
        rules=(),
        freshness=limit,
    )
    said = freshness(contract, newest)
    assert said.startswith(told[0])
    assert said.endswith(told[1])
