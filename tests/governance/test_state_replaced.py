"""The state of a column after some rows changed is that of all rows, or is not told."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shoplake.governance.metrics import State

Values = list[int | None]
values = st.lists(st.none() | st.integers(-5, 5), max_size=6)


def state(rows: Values) -> State:
    there = [float(v) for v in rows if v is not None]
    return State(
        rows=len(rows),
        nulls=len(rows) - len(there),
        total=sum(there) if there else None,
        low=min(there, default=None),
        high=max(there, default=None),
    )


@given(values, values, values)
def test_equals_the_state_of_all_rows(others: Values, was: Values, now: Values) -> None:
    found = state(others + was).replaced(state(was), state(now))
    assume(found is not None)
    assert found == state(others + now)


@given(values, values)
def test_is_told_wherever_rows_are_only_added(others: Values, now: Values) -> None:
    assert state(others).replaced(state([]), state(now)) == state(others + now)


def test_is_not_told_where_the_least_value_may_be_gone() -> None:
    assert state([1, 2, 3]).replaced(state([1]), state([2])) is None


def test_is_not_told_where_a_value_is_not_a_number() -> None:
    """NaN is the greatest of all, and a sum that has one is never again a number."""
    nan = float("nan")
    one = State(rows=1, total=nan, low=nan, high=nan)
    assert State(rows=2, total=nan, low=1.0, high=nan).replaced(one, State(rows=0)) is None


@pytest.mark.parametrize("kept", [{"squares": 1.0}, {"sketch": b"s"}, {"bins": ("1",)}])
def test_is_not_told_of_what_cannot_be_taken_back(kept: dict[str, object]) -> None:
    assert State(rows=1, **kept).replaced(State(rows=0), State(rows=0)) is None  # type: ignore[arg-type]
