"""A rule in words, and other small texts for readers."""

from __future__ import annotations

import re

from shoplake.contracts.model import BATCH_KINDS, Rule


def says(rule: Rule) -> str:
    """What must hold, as a phrase; SQL stays SQL."""
    text = _SAYS[rule.kind](rule)
    return f"{text}, where {rule.where}" if rule.where else text


def is_about_batch(rule: Rule) -> bool:
    """Whether it judges a batch as a whole."""
    return rule.kind in BATCH_KINDS


def bounds(rule: Rule) -> str:
    """`> 0 and ≤ 5`."""
    low = f"{'>' if rule.exclusive_minimum else '≥'} {_plain(rule.minimum)}"
    high = f"{'<' if rule.exclusive_maximum else '≤'} {_plain(rule.maximum)}"
    given = ((rule.minimum, low), (rule.maximum, high))
    return " and ".join(text for bound, text in given if bound is not None)


def _plain(bound: str | None) -> str:
    """`TIMESTAMP '2000-01-01'` without what only SQL needs."""
    return re.sub(r"^(?:DATE|TIMESTAMP) '(.*)'$", r"\1", bound or "")


def _columns(rule: Rule) -> str:
    return ", ".join(rule.columns)


def _their(rule: Rule) -> str:
    return rule.reference[0] if rule.reference else "another table"


_SAYS = {
    "not_null": lambda r: "is always there",
    "range": lambda r: bounds(r),
    "length": lambda r: f"length {bounds(r)}",
    "pattern": lambda r: f"matches {r.pattern}",
    "set": lambda r: f"is one of {', '.join(r.allowed)}",
    "row": lambda r: str(r.condition),
    "unique": lambda r: f"({_columns(r)}) is unique" if r.columns[1:] else "is unique",
    "reference": lambda r: f"exists in {'.'.join(r.reference or ())}",
    "one_value": lambda r: f"has one value per {', '.join(r.per)}",
    "group": lambda r: f"per {', '.join(r.per)}: {r.condition}",
    "preceded_by": lambda r: f"comes after its row in {_their(r)}",
    "reconcile": lambda r: f"{r.value} agrees with {r.theirs} in {_their(r)}",
    "outlier": lambda r: f"modified z-score at most {r.threshold:g}",
    "near_duplicate": lambda r: f"no other value is {r.threshold:g} or more alike",
    "aggregate": lambda r: f"{(r.measure or '').replace('_', ' ')} {bounds(r)}",
    "freshness": lambda r: f"newest at most {float(r.maximum or 0):g} h old",
    "drift": lambda r: f"{r.measure} against the last {r.batches} batches {bounds(r)}",
}  # fmt: skip
