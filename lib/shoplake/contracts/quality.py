"""Entries of a contract's `quality` list, as rules.

An entry's `implementation` is a Spark SQL condition on a row, or a mapping whose first key is the
kind of rule. Each kind takes the arguments listed here and no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from shoplake.contracts.arguments import BOUNDS, ClauseError, Entry
from shoplake.contracts.expressions import check_aggregate, windowed
from shoplake.contracts.limits import allowed, length_limits, pattern
from shoplake.contracts.model import BATCH_KINDS, Breach, Column, Rule

#: Aggregates: those that need no column, those of any column, those of numbers.
TABLE_MEASURES = ("row_count", "row_change")
COLUMN_MEASURES = ("null_count", "null_share", "distinct_count")
NUMBER_MEASURES = ("mean", "sum", "min", "max", "stddev")
DRIFT_MEASURES = ("psi", "ks", "chi_square")

_NUMBER = re.compile(r"^(int|bigint|float|double|decimal\(.*\))$")
_HOURS = {"d": 24.0, "h": 1.0, "m": 1 / 60}


def _range(e: Entry) -> dict[str, Any]:
    column = e.name("range")
    return {"columns": (column,), **e.bounds(column)}


def _length(e: Entry) -> dict[str, Any]:
    given: dict[str, object] = {k: e.given[k] for k in BOUNDS if k in e.given}
    if not given:
        raise ClauseError((), "length needs a minimum or a maximum")
    return {"columns": (e.text("length"),), **length_limits(given)}


def _pattern(e: Entry) -> dict[str, Any]:
    return {
        "columns": (e.text("pattern"),),
        "pattern": pattern(e.given.get("regex"), ("regex",)),
    }


def _set(e: Entry) -> dict[str, Any]:
    values = e.given.get("values")
    if not isinstance(values, list) or not values:
        raise ClauseError(("values",), "expected a list of values")
    column = e.name("set")
    return {"columns": (column,), "allowed": allowed(values, e.types[column], ("values",))}


def _row(e: Entry) -> dict[str, Any]:
    text, used = e.condition("row")
    return {"columns": used, "condition": text}


def _reference(e: Entry) -> dict[str, Any]:
    own, theirs = e.facing("reference")
    return {"columns": own, "reference": (e.table("to"), *theirs)}


def _one_value(e: Entry) -> dict[str, Any]:
    per = e.names("per")
    return {"columns": (*per, e.name("one_value")), "per": per}


def _aggregated(e: Entry, key: str) -> tuple[str, tuple[str, ...]]:
    text, used = e.condition(key, of_groups=True) if key == "having" else e.sql(key)
    try:
        check_aggregate(text, e.types)
        if windowed(text, "x") == windowed(text, "y"):
            raise ValueError("expected an aggregate, such as sum(...)")
    except ValueError as error:
        raise ClauseError((key,), str(error)) from None
    return text, used


def _group(e: Entry) -> dict[str, Any]:
    per = e.names("group_by")
    text, used = _aggregated(e, "having")
    used = tuple(c for c in used if c not in per)
    return {"columns": (*per, *used), "per": per, "condition": text}


def _preceded_by(e: Entry) -> dict[str, Any]:
    own, theirs = e.facing("per")
    time = e.name("time")
    return {
        "columns": (*(c for c in own if c != time), time),
        "per": own,
        "reference": (e.table("preceded_by"), *theirs),
        "value": time,
        "theirs": e.other_sql("theirs") or time,
        "theirs_where": e.other_sql("theirs_where"),
    }


def _reconcile(e: Entry) -> dict[str, Any]:
    own, theirs = e.facing("per")
    text, used = _aggregated(e, "reconcile")
    total = e.other_sql("theirs")
    if not total:
        raise ClauseError((), "reconcile needs theirs: the other table's aggregate")
    return {
        "columns": (*own, *(c for c in used if c not in own)),
        "per": own,
        "reference": (e.table("with"), *theirs),
        "value": text,
        "theirs": total,
        "theirs_where": e.other_sql("theirs_where"),
        "threshold": e.number("tolerance", 0),
    }


def _outlier(e: Entry) -> dict[str, Any]:
    column = e.name("outlier")
    if not _NUMBER.match(e.columns[column].type):
        raise ClauseError(("outlier",), f"'{column}' is not a number")
    per = e.names("per") if "per" in e.given else ()
    return {
        "columns": (*per, column),
        "per": per,
        "value": column,
        "threshold": e.number("threshold", 3.5),
        "at_least": int(e.number("at_least", 8)),
    }


def _near_duplicate(e: Entry) -> dict[str, Any]:
    per = e.names("per") if "per" in e.given else ()
    similarity = e.number("similarity", 0.9)
    if not 0 < similarity <= 1:
        raise ClauseError(("similarity",), "expected a share above 0, at most 1")
    text = e.name("near_duplicate")
    return {"columns": (*per, text), "per": per, "value": text, "threshold": similarity}


def _aggregate(e: Entry) -> dict[str, Any]:
    known = (*TABLE_MEASURES, *COLUMN_MEASURES, *NUMBER_MEASURES)
    measure = e.one_of("aggregate", known)
    if (measure in TABLE_MEASURES) == ("column" in e.given):
        needs = "no column" if measure in TABLE_MEASURES else "a column"
        raise ClauseError(("column",), f"{measure} takes {needs}")
    columns = e.names("column") if "column" in e.given else ()
    if measure in NUMBER_MEASURES and not _NUMBER.match(e.columns[e.name("column")].type):
        raise ClauseError(("column",), f"'{columns[0]}' is not a number")
    over = e.one_of("over", ("batch", "table")) if "over" in e.given else "batch"
    if measure == "row_change" and (over == "table" or "where" in e.given):
        raise ClauseError((), "row_change compares whole batches")
    return {"columns": columns, "measure": measure, "over": over, **e.bounds()}


def _freshness(e: Entry) -> dict[str, Any]:
    column = e.name("freshness")
    if e.columns[column].type not in ("timestamp", "date"):
        raise ClauseError(("freshness",), f"'{column}' is no time")
    match = re.match(r"^(\d+(?:\.\d+)?) ?([dhm])$", str(e.given.get("within")))
    if not match:
        raise ClauseError(("within",), "expected an age such as 2 d, 12 h or 30 m")
    return {"columns": (column,), "maximum": repr(float(match[1]) * _HOURS[match[2]])}


def _drift(e: Entry) -> dict[str, Any]:
    column = e.columns[e.name("drift")]
    if column.classification in ("personal", "pseudonym"):
        raise ClauseError(("drift",), "values of a personal column are not kept as bins")
    measure = e.one_of("measure", DRIFT_MEASURES)
    numeric = bool(_NUMBER.match(column.type)) or column.type in ("date", "timestamp")
    if not numeric and column.type not in ("string", "boolean"):
        raise ClauseError(("drift",), f"'{column.name}' is neither a number nor a category")
    if measure == "ks" and not numeric:
        raise ClauseError(("measure",), "ks compares numbers")
    limits = e.bounds()
    batches = int(e.number("batches", 5))
    if batches < 1:
        raise ClauseError(("batches",), "expected at least 1")
    return {"columns": (column.name,), "measure": measure, "batches": batches, **limits}


#: Kind: (how its arguments are read, the arguments beside the one named like the kind).
_KINDS: dict[str, tuple[Callable[[Entry], dict[str, Any]], tuple[str, ...]]] = {
    "not_null": (lambda e: {"columns": (e.name("not_null"),)}, ()),
    "range": (_range, BOUNDS),
    "length": (_length, ("minimum", "maximum")),
    "pattern": (_pattern, ("regex",)),
    "set": (_set, ("values",)),
    "row": (_row, ()),
    "unique": (lambda e: {"columns": e.names("unique")}, ()),
    "reference": (_reference, ("to",)),
    "one_value": (_one_value, ("per",)),
    "group_by": (_group, ("having",)),
    "preceded_by": (_preceded_by, ("per", "time", "theirs", "theirs_where")),
    "reconcile": (_reconcile, ("per", "with", "theirs", "theirs_where", "tolerance")),
    "outlier": (_outlier, ("per", "threshold", "at_least")),
    "near_duplicate": (_near_duplicate, ("per", "similarity")),
    "aggregate": (_aggregate, ("column", "over", *BOUNDS)),
    "freshness": (_freshness, ("within",)),
    "drift": (_drift, ("measure", "batches", *BOUNDS)),
}


def rule_of(
    name: str,
    implementation: str | dict[str, Any],
    breach: Breach | None,
    description: str,
    columns: dict[str, Column],
) -> Rule:
    """The rule that an entry asks for.

    Args:
        name: of the rule.
        implementation: a condition, or a mapping as docs/rules.md describes.
        breach: what a breach does; default: quarantine for a rule about rows, warn otherwise.
        description: for the reader.
        columns: of the table.

    Raises:
        ClauseError: an argument is wrong, missing or unknown.
    """
    given = {"row": implementation} if isinstance(implementation, str) else implementation
    kind = str(next(iter(given), ""))
    if kind not in _KINDS:
        raise ClauseError((), f"'{kind}' is no kind of rule; known: {', '.join(_KINDS)}")
    read, known = _KINDS[kind]
    for key in given:
        if key not in (kind, "where", *known):
            raise ClauseError((str(key),), f"{kind} takes no '{key}'; it takes {', '.join(known)}")
    entry = Entry(kind, given, columns)
    where = entry.condition("where")[0] if "where" in given else None
    arguments = read(entry)
    named = "group" if kind == "group_by" else kind
    whole = named in BATCH_KINDS
    if whole and breach == "quarantine":
        raise ClauseError((), f"{kind} is about a batch, so it warns or stops; it holds no rows")
    rule = Rule(
        name=name,
        kind=named,  # type: ignore[arg-type]
        on_breach=breach or ("warn" if whole else "quarantine"),
        description=description,
        where=where,
        **arguments,
    )
    return replace(rule, columns=tuple(dict.fromkeys(rule.columns)))
