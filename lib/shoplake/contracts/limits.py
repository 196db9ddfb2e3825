"""Bounds and patterns of a contract as arguments of a rule, checked against the column's type."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeGuard

from shoplake.contracts import java_pattern

BOUNDS = ("minimum", "exclusive_minimum", "maximum", "exclusive_maximum")
_LARGEST = {"int": 2**31 - 1, "bigint": 2**63 - 1}
_NUMBERS = ("int", "bigint", "float", "double", "decimal")
_ORDERED = (*_NUMBERS, "date", "timestamp")


class ClauseError(Exception):
    """A clause is wrong; `field` is its path below the entry."""

    def __init__(self, field: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a finite number; YAML has `.inf`, which is no literal of SQL."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


def limits(given: Mapping[str, object], kind: str) -> dict[str, Any]:
    """The bounds of a rule.

    Args:
        given: those of `BOUNDS` that are written.
        kind: type of what they bound.

    Raises:
        ClauseError: one is no value of the type, or no value lies between them.
    """
    found: dict[str, Any] = {}
    order: list[Any] = []
    for end in ("minimum", "maximum"):
        exclusive = f"exclusive_{end}"
        if end in given and exclusive in given:
            raise ClauseError((exclusive,), f"there is a {end} as well: write one of them")
        key = exclusive if exclusive in given else end
        found[end], place = _bound(given[key], kind, key) if key in given else (None, None)
        found[exclusive] = exclusive in given
        order.append(place)
    low, high = order
    if low is not None and high is not None:
        exclusive = found["exclusive_minimum"] or found["exclusive_maximum"]
        if low > high or (low == high and exclusive):
            key = next(k for k in given if k.endswith("maximum"))
            raise ClauseError(
                (key,), f"no value lies from {found['minimum']} to {found['maximum']}"
            )
    return found


def _bound(value: object, kind: str, key: str) -> tuple[str, Any]:
    """A bound as a Spark SQL literal, and as a value that can be compared."""
    if not kind.startswith(_ORDERED):
        raise ClauseError((key,), f"{kind} has no order: bounds are for numbers and times")
    if kind not in ("date", "timestamp"):
        if not is_number(value):
            raise ClauseError((key,), f"expected a number, got {value!r}")
        return str(value), value
    text = str(value)
    try:
        # Python reads 20200131 as a day, Spark as a year.
        time = datetime.fromisoformat(text if re.match(r"\d{4}-\d\d-\d\d", text) else "")
    except ValueError:
        raise ClauseError((key,), f"expected a {kind} such as 2020-01-31, got '{text}'") from None
    return f"{kind.upper()} '{text}'", time if time.tzinfo else time.replace(tzinfo=UTC)


def length_limits(given: Mapping[str, object]) -> dict[str, Any]:
    """The bounds of a number of characters, as `limits`.

    Raises:
        ClauseError: one is no whole number from 0, or no length lies between them.
    """
    for key, value in given.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ClauseError((key,), f"expected a number of characters, got {value!r}")
    return limits(given, "bigint")


def pattern(value: object, field: tuple[str | int, ...]) -> str:
    """A regular expression that Java takes.

    Raises:
        ClauseError: it is none.
    """
    if not isinstance(value, str) or not value:
        raise ClauseError(field, f"expected a regular expression as text, got {value!r}")
    try:
        java_pattern.check(value)
    except ValueError as error:
        raise ClauseError(field, f"not a pattern: {error}") from None
    return value


def allowed(values: Iterable[object], kind: str, field: tuple[str | int, ...]) -> tuple[str, ...]:
    """The values of a set, as texts that Spark casts to the column's type.

    Args:
        values: as YAML reads them.
        kind: the column's type.
        field: where they are written.

    Raises:
        ClauseError: one is no value of the type.
    """
    return tuple(_value(value, kind, field) for value in values)


def _value(value: object, kind: str, field: tuple[str | int, ...]) -> str:
    wrong = ClauseError(field, f"expected a {kind}, got {value!r}")
    if kind == "string":
        if isinstance(value, str):
            return value
        # YAML reads NO as false, 01 as 1 and 12:30 as 750.
        raise ClauseError(field, f"{value!r} is no text: put what you mean in quotes")
    if kind == "boolean":
        if isinstance(value, bool) or value in ("true", "false"):
            return str(value).lower()
        raise wrong
    if kind in ("date", "timestamp"):
        try:
            _bound(value, kind, "")
        except ClauseError as error:
            raise ClauseError(field, error.message) from None
        return str(value)
    if not kind.startswith(_NUMBERS) or isinstance(value, bool):
        raise wrong
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise wrong from None
    whole = number.is_finite() and number == number.to_integral_value()
    if not number.is_finite() or (kind in _LARGEST and not whole):
        raise wrong
    if kind in _LARGEST and abs(number) > _LARGEST[kind]:
        raise wrong
    if kind.startswith("decimal"):
        precision, scale = map(int, re.findall(r"\d+", kind)) if "(" in kind else (10, 0)
        if number != round(number, scale) or abs(number) >= 10 ** (precision - scale):
            raise wrong
    return str(int(number)) if whole else str(number.normalize())
