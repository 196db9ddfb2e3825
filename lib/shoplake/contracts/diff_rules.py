"""How the rules of two contracts differ: tightened, loosened, or neither can be shown."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError

from shoplake.contracts.model import Contract, Rule
from shoplake.contracts.verdicts import BACKWARD, BOTH, FULL, Direction, Finding, text_of

_BREACHES = ("warn", "quarantine", "stop")
#: What readers join on or are promised outright, so their side is held as well.
_PROMISED = ("unique", "reference", "one_value", "freshness")
#: Arguments that are SQL, compared as such.
_SQL = ("condition", "where", "value", "theirs", "theirs_where")
_LITERAL = re.compile(r"^(DATE|TIMESTAMP) '(.+)'$")
TIGHTER: tuple[Direction, ...] = ("backward",)
LOOSER: tuple[Direction, ...] = ("forward",)


def rule_changes(old: Contract, new: Contract) -> Iterator[Finding]:
    """Findings for rules that were added, removed, renamed or changed.

    Rules that follow from another finding (a column's `required`, the key, a column that went) are
    not found twice.
    """
    before = {r.name: r for r in old.rules if not _implied(r, old, new)}
    after = {r.name: r for r in new.rules if not _implied(r, old, new)}
    for name in before.keys() & after.keys():
        # A row rule can keep its name and yet judge other columns.
        if before[name] != after[name]:
            yield from _changed(before[name], after[name])
    gone = {n: r for n, r in before.items() if n not in after}
    for name, rule in after.items():
        if name in before:
            continue
        twin = next((g for g, r in gone.items() if _same_but_name(r, rule)), None)
        if twin is not None:
            del gone[twin]
            message = f"was called {twin}: its history begins anew"
            yield Finding(("rules", name), message, (), BACKWARD)
        elif rule.on_breach == "warn":
            yield Finding(("rules", name), f"new, only counts: {say(rule)}", (), BACKWARD)
        else:
            message = f"new, {_consequence(rule)}: {say(rule)}"
            yield Finding(("rules", name), message, TIGHTER, BACKWARD)
    for name, rule in gone.items():
        breaks = () if rule.on_breach == "warn" else LOOSER
        message = f"no longer judged: {say(rule)}"
        yield Finding(("rules", name), message, breaks, _held(rule), gone=True)


def say(rule: Rule) -> str:
    """A rule in a few words, from its arguments."""
    shown = []
    for field in dataclasses.fields(Rule):
        value = getattr(rule, field.name)
        default = None if field.default is dataclasses.MISSING else field.default
        if field.name in ("name", "description", "on_breach", "columns") or value == default:
            continue
        shown.append(str(value) if field.name == "kind" else f"{field.name} {text_of(value)}")
    return " ".join((*shown, f"of {', '.join(rule.columns)}" if rule.columns else "")).strip()


def _implied(rule: Rule, old: Contract, new: Contract) -> bool:
    if rule.name == "key_unique" and set(old.key) != set(new.key):
        return True
    ours, theirs = set(old.column_names), set(new.column_names)
    if rule.columns and not set(rule.columns) & theirs:
        return True
    if rule.columns and not set(rule.columns) & ours:
        # A rule of new columns holds rows of whoever does not fill them yet, unless nulls pass it.
        fills = rule.kind == "not_null" and not new.column(rule.columns[0]).required
        return not fills
    if rule.kind == "not_null" and set(rule.columns) <= (ours & theirs):
        column = rule.columns[0]
        return old.column(column).required != new.column(column).required
    return False


def _same_but_name(old: Rule, new: Rule) -> bool:
    return dataclasses.replace(old, name="", description="") == dataclasses.replace(
        new, name="", description=""
    )


def _changed(old: Rule, new: Rule) -> Iterator[Finding]:
    for field in dataclasses.fields(Rule):
        before, after = getattr(old, field.name), getattr(new, field.name)
        if before == after or not field.compare:
            continue
        path = ("rules", new.name, field.name)
        if field.name == "description" or _same_words(field.name, before, after):
            yield Finding(path, "put differently", only_words=True)
            continue
        breaks = _effect(old, new, field.name, before, after)
        message = f"{_verb(breaks)}: was {text_of(before)}, is {text_of(after)}"
        if old.on_breach == new.on_breach == "warn":
            breaks = ()
        elif field.name != "on_breach" and new.on_breach == "warn":
            # Whatever it judges now, it holds nothing back any more.
            breaks = LOOSER
        yield Finding(path, message, breaks, _held(new))


def _effect(old: Rule, new: Rule, field: str, before: Any, after: Any) -> tuple[Direction, ...]:
    """The directions in which one changed argument breaks."""
    if field == "on_breach":
        return TIGHTER if _BREACHES.index(after) > _BREACHES.index(before) else LOOSER
    if field in ("exclusive_minimum", "exclusive_maximum"):
        bound = field.removeprefix("exclusive_")
        if not _same_words(bound, getattr(old, bound), getattr(new, bound)):
            return ()  # the moved bound is judged by itself
        return TIGHTER if after else LOOSER
    if field == "where" and None in (before, after):
        return TIGHTER if after is None else LOOSER
    if field in ("threshold", "at_least") and None not in (before, after):
        return LOOSER if after > before else TIGHTER
    if field in ("minimum", "maximum"):
        return _bound(before, after, upper=field == "maximum")
    if field == "allowed" and before and after:
        lost, won = set(before) - set(after), set(after) - set(before)
        return (*(TIGHTER if lost else ()), *(LOOSER if won else ()))
    return BOTH


def _bound(before: Any, after: Any, *, upper: bool) -> tuple[Direction, ...]:
    if before is None:
        return TIGHTER
    if after is None:
        return LOOSER
    a, b = _comparable(before), _comparable(after)
    if a is None or b is None or type(a) is not type(b):
        return BOTH
    if a == b:
        return ()
    return LOOSER if (b > a) == upper else TIGHTER


def _comparable(bound: Any) -> Any:
    """A bound's order: numbers by value, ISO dates and times by their text."""
    match = _LITERAL.match(str(bound))
    if match:
        return match[2]
    try:
        return Decimal(str(bound))
    except InvalidOperation:
        return None


def _same_words(field: str, before: Any, after: Any) -> bool:
    if field == "allowed":
        return bool(before) and set(before) == set(after)
    if field in ("minimum", "maximum"):
        a, b = _comparable(before), _comparable(after)
        return a is not None and a == b
    if field in _SQL and before and after:
        try:
            return _normal(before) == _normal(after)
        except SqlglotError:
            return False
    return False


def _normal(condition: str) -> str:
    return sqlglot.parse_one(condition, dialect="databricks").sql(dialect="databricks")


def _verb(breaks: tuple[Direction, ...]) -> str:
    if breaks == TIGHTER:
        return "tightened"
    if breaks == LOOSER:
        return "loosened"
    return "changed, neither tighter nor looser can be shown" if breaks else "changed"


def _consequence(rule: Rule) -> str:
    return "fails the run" if rule.on_breach == "stop" else "holds rows that passed before"


def _held(rule: Rule) -> tuple[Direction, ...]:
    return FULL if rule.kind in _PROMISED else BACKWARD
