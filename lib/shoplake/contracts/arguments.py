"""Arguments of a rule as a contract writes them, read with an error that says where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shoplake.contracts.expressions import columns_of
from shoplake.contracts.model import Column

_TABLE = re.compile(r"^(bronze|silver|gold|governance)\.[a-z][a-z0-9_]*$")
BOUNDS = ("minimum", "exclusive_minimum", "maximum", "exclusive_maximum")


class ClauseError(Exception):
    """A clause is wrong; `field` is its path below the entry."""

    def __init__(self, field: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


@dataclass(frozen=True)
class Entry:
    """A mapping under `implementation` being read, beside the columns it may name."""

    kind: str
    given: dict[str, Any]
    columns: dict[str, Column]

    def names(self, key: str) -> tuple[str, ...]:
        """One column or several of the table."""
        value = self.given.get(key)
        found = tuple(value) if isinstance(value, list) else (value,)
        for name in found:
            if name not in self.columns:
                raise ClauseError((key,), f"the table has no column '{name}'")
        return found

    def name(self, key: str) -> str:
        """One column of the table."""
        found = self.names(key)
        if len(found) != 1:
            raise ClauseError((key,), "expected one column")
        return found[0]

    def sql(self, key: str) -> tuple[str, tuple[str, ...]]:
        """An expression over the table's columns, and those it names."""
        text = str(self.given.get(key) or "")
        try:
            found = columns_of(text, self.columns)
        except ValueError as error:
            raise ClauseError((key,), str(error)) from None
        if not found and not re.search(r"\bcount\(\*\)", text, re.I):
            raise ClauseError((key,), "names no column of the table")
        return text, found

    def facing(self, key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Own columns and the other table's: a list where both are called the same, or a map."""
        value = self.given.get(key)
        if not isinstance(value, dict):
            value = {c: c for c in (value if isinstance(value, list) else [value])}
        pairs: dict[str, Any] = value
        for own in pairs:
            if own not in self.columns:
                raise ClauseError((key,), f"the table has no column '{own}'")
        return tuple(pairs), tuple(str(v) for v in pairs.values())

    def table(self, key: str) -> str:
        """The name of a table."""
        value = str(self.given.get(key))
        if not _TABLE.match(value):
            raise ClauseError((key,), f"'{value}' is not <bronze|silver|gold|governance>.<table>")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number."""
        value = self.given.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ClauseError((key,), f"expected a number, got {value!r}")
        return float(value)

    def one_of(self, key: str, known: Iterable[str]) -> str:
        """A word of a list."""
        value = str(self.given.get(key))
        if value not in known:
            raise ClauseError((key,), f"'{value}' is none of {', '.join(known)}")
        return value

    def bounds(self, column: str | None = None) -> dict[str, Any]:
        """minimum, maximum and whether each is itself excluded; at least one is given."""
        kind = self.columns[column].type.upper() if column else ""
        quote = kind if kind in ("DATE", "TIMESTAMP") else None
        given = {k: self.given[k] for k in BOUNDS if k in self.given}
        low = given.get("minimum", given.get("exclusive_minimum"))
        high = given.get("maximum", given.get("exclusive_maximum"))
        if low is None and high is None:
            raise ClauseError((), f"{self.kind} needs a minimum or a maximum")
        for key, value in given.items():
            if quote is None and (isinstance(value, bool) or not isinstance(value, int | float)):
                raise ClauseError((key,), f"expected a number, got {value!r}")
        return {
            "minimum": None if low is None else bound(low, quote),
            "maximum": None if high is None else bound(high, quote),
            "exclusive_minimum": "exclusive_minimum" in given,
            "exclusive_maximum": "exclusive_maximum" in given,
        }


def bound(value: object, quote: str | None) -> str:
    """A bound as a Spark SQL literal; `quote` is DATE or TIMESTAMP."""
    return f"{quote} '{value}'" if quote else str(value)
