"""The outcome of every rule for one batch: how many rows broke it, or the value it bounds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from shoplake.contracts.model import Contract, Rule
from shoplake.governance.drift import distance
from shoplake.governance.history import History
from shoplake.governance.metrics import key_of
from shoplake.governance.passes import Counted


@dataclass(frozen=True)
class Outcome:
    """One rule and one batch.

    Attributes:
        judged: rows looked at.
        broken: rows that break it; of a rule about the batch, 1 if it is broken, else 0.
        value: of a rule about the batch; None where there is nothing to judge.
        minimum, maximum: its bounds.
    """

    rule: Rule
    judged: int
    broken: int
    value: float | None = None
    minimum: float | None = None
    maximum: float | None = None

    def __str__(self) -> str:
        if self.value is None:
            return f"rule {self.rule.name} is broken by {self.broken} row(s)"
        low = "" if self.minimum is None else f" at least {self.minimum:g}"
        high = "" if self.maximum is None else f" at most {self.maximum:g}"
        what = self.rule.measure or self.rule.kind
        return f"rule {self.rule.name} is broken: {what} is {self.value:g}, expected{low}{high}"


def outcomes(
    contract: Contract,
    counted: Counted,
    history: History,
    rows_before: int | None,
    now: datetime | None = None,
) -> list[Outcome]:
    """The outcome of every rule, in the contract's order.

    Rules about the batch look at its good rows: what the table is about to hold.

    Args:
        contract: its rules.
        counted: what the pass found.
        history: earlier batches.
        rows_before: good rows of the batch before this, for `row_change`.
        now: for `freshness`; default: the clock.
    """
    judged = counted.good + counted.held
    found = []
    for rule in contract.rules:
        if rule.name in counted.broken:
            found.append(Outcome(rule, judged, counted.broken[rule.name]))
            continue
        low = None if rule.minimum is None else float(rule.minimum)
        high = None if rule.maximum is None else float(rule.maximum)
        value = _value(rule, counted, history, rows_before, now or datetime.now(UTC))
        broken = value is not None and not _within(rule, value, low, high)
        found.append(Outcome(rule, counted.good, int(broken), value, low, high))
    return found


def _value(
    rule: Rule, counted: Counted, history: History, rows_before: int | None, now: datetime
) -> float | None:
    if rule.measure == "row_change":
        return counted.good / rows_before - 1 if rows_before else None
    key = key_of(rule)
    state = counted.states[key]
    if rule.kind == "drift":
        then = history.last(key, rule.batches)
        return None if then is None else distance(rule.measure or "", state, then)
    if rule.over == "table":
        state = history.with_all(key, state)
    if rule.kind == "freshness":
        return None if state.high is None else (now.timestamp() - state.high) / 3600
    return state.value(rule.measure or "")


def _within(rule: Rule, value: float, low: float | None, high: float | None) -> bool:
    """NaN lies within no bounds."""
    over = low is None or (value > low if rule.exclusive_minimum else value >= low)
    under = high is None or (value < high if rule.exclusive_maximum else value <= high)
    return over and under and value == value
