"""The standard's own quality metrics (`type: library`), as rules.

rowCount, nullValues, invalidValues and duplicateValues are acted on where they say something that
a rule here can enforce; a metric or bound beyond that is refused.
"""

from __future__ import annotations

from typing import Any

from open_data_contract_standard.model import DataQuality

from shoplake.contracts.limits import ClauseError, is_number
from shoplake.contracts.model import Breach, Column, Rule
from shoplake.contracts.quality import rule_of

#: The standard's bound: ours.
_BOUNDS = {
    "mustBeGreaterThan": "exclusive_minimum",
    "mustBeGreaterOrEqualTo": "minimum",
    "mustBeLessThan": "exclusive_maximum",
    "mustBeLessOrEqualTo": "maximum",
}


def library_rule(
    quality: DataQuality,
    breach: Breach | None,
    columns: dict[str, Column],
    column: str | None,
) -> Rule:
    """The rule of a `type: library` entry.

    Args:
        quality: the entry.
        breach: what a breach does; default as for the rule it becomes.
        columns: of the table.
        column: the column whose entry it is; None at the table.

    Raises:
        ClauseError: the metric, its arguments or its bounds cannot be enforced.
    """
    metric = str(quality.metric or quality.rule or "")
    arguments = dict(quality.arguments or {})
    limits = _limits(quality)
    name = quality.name or "_".join(filter(None, (column, _snake(metric))))
    share = quality.unit == "percent"
    if quality.unit not in (None, "rows", "percent"):
        raise ClauseError(("unit",), "expected rows or percent")
    if metric == "rowCount" and column is None and not arguments and not share:
        given: dict[str, Any] = {"aggregate": "row_count", **limits}
    elif metric == "nullValues" and column and not arguments:
        scaled = {k: v / 100 for k, v in limits.items()} if share else limits
        given = {"aggregate": "null_share" if share else "null_count", "column": column, **scaled}
    elif metric == "duplicateValues" and _none(limits):
        if not column and not arguments.get("properties"):
            raise ClauseError(("arguments",), "name the columns: {properties: [a, b]}")
        given = {"unique": [column] if column else arguments.pop("properties")}
    elif metric == "invalidValues" and column and _none(limits) and "validValues" in arguments:
        given = {"set": column, "values": arguments.pop("validValues")}
    else:
        raise ClauseError(
            ("metric",),
            f"'{metric}' with these bounds is not enforced; known: rowCount, nullValues, and with "
            "mustBe: 0 duplicateValues and invalidValues (validValues)",
        )
    if arguments and metric not in ("rowCount", "nullValues"):
        raise ClauseError(("arguments", next(iter(arguments))), "is not enforced")
    return rule_of(name, given, breach, quality.description or "", columns)


def _limits(quality: DataQuality) -> dict[str, Any]:
    for refused in ("mustNotBe", "mustNotBeBetween"):
        if getattr(quality, refused) is not None:
            raise ClauseError((refused,), "is not enforced; write the bounds that must hold")
    found = {
        ours: getattr(quality, theirs)
        for theirs, ours in _BOUNDS.items()
        if getattr(quality, theirs) is not None
    }
    exact = [n for n in ("mustBe", "mustBeBetween") if getattr(quality, n) is not None]
    if exact and len(found) + len(exact) > 1:
        raise ClauseError((exact[-1],), "there are other bounds as well: write one or the other")
    if quality.mustBe is not None:
        found |= {"minimum": quality.mustBe, "maximum": quality.mustBe}
    if quality.mustBeBetween is not None:
        low, high = quality.mustBeBetween
        found |= {"minimum": low, "maximum": high}
    for value in found.values():
        if not is_number(value):
            raise ClauseError((), f"expected numbers as bounds, got {value!r}")
    return found


def _none(limits: dict[str, Any]) -> bool:
    return limits == {"minimum": 0, "maximum": 0}


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
