"""Arguments of a rule as a contract writes them, read with an error that says where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from shoplake.contracts.expressions import check_condition, columns_of
from shoplake.contracts.limits import BOUNDS, ClauseError, is_number, limits
from shoplake.contracts.model import Column

#: Types that have no pattern and no number of characters.
NO_TEXT = ("array", "map", "struct", "binary")
_TABLE = re.compile(r"^(bronze|silver|gold|governance)\.[a-z][a-z0-9_]*$")


@dataclass(frozen=True)
class Entry:
    """A mapping under `implementation` being read, beside the columns it may name."""

    kind: str
    given: dict[str, Any]
    columns: dict[str, Column]

    @property
    def types(self) -> dict[str, str]:
        """Spark SQL types of the columns."""
        return {c.name: c.type for c in self.columns.values()}

    def names(self, key: str) -> tuple[str, ...]:
        """One column or several of the table."""
        value = self.given.get(key)
        found = tuple(value) if isinstance(value, list) else (value,)
        if not found:
            raise ClauseError((key,), "expected at least one column")
        for name in found:
            if not isinstance(name, str) or name not in self.columns:
                raise ClauseError((key,), f"the table has no column '{name}'")
        return found

    def name(self, key: str) -> str:
        """One column of the table."""
        found = self.names(key)
        if len(found) != 1:
            raise ClauseError((key,), "expected one column")
        return found[0]

    def text(self, key: str) -> str:
        """One column of texts, or of what Spark reads as one."""
        name = self.name(key)
        kind = self.columns[name].type
        if kind.startswith(NO_TEXT):
            raise ClauseError((key,), f"'{name}' is {kind}: this is for text")
        return name

    def sql(self, key: str) -> tuple[str, tuple[str, ...]]:
        """An expression over the table's columns, and those it names."""
        text = str(self.given.get(key) or "")
        try:
            found = columns_of(text, self.columns)
        except ValueError as error:
            raise ClauseError((key,), str(error)) from None
        if not found and not re.search(r"\bcount\(\*\)", text, re.I):
            raise ClauseError((key,), "names no column of the table")
        # It is put into parentheses, which a comment at its end must not hide.
        return f"{text}\n" if "--" in text else text, found

    def condition(self, key: str, of_groups: bool = False) -> tuple[str, tuple[str, ...]]:
        """As `sql`, of what is true or false of a row, or of a group of rows."""
        text, found = self.sql(key)
        try:
            check_condition(text, self.types, of_groups)
        except ValueError as error:
            raise ClauseError((key,), str(error)) from None
        return text, found

    def other_sql(self, key: str) -> str | None:
        """An expression over another table's columns; `book` checks it against that table."""
        value = self.given.get(key)
        if value is not None and not isinstance(value, str):
            raise ClauseError((key,), f"expected SQL, got {value!r}")
        return value

    def facing(self, key: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Own columns and the other table's: a list where both are called the same, or a map."""
        value = self.given.get(key)
        if not isinstance(value, dict):
            value = {c: c for c in self.names(key)}
        own = replace(self, given={key: list(value)}).names(key)
        return own, tuple(str(v) for v in value.values())

    def table(self, key: str) -> str:
        """The name of a table."""
        value = str(self.given.get(key))
        if not _TABLE.match(value):
            raise ClauseError((key,), f"'{value}' is not <bronze|silver|gold|governance>.<table>")
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number."""
        value = self.given.get(key, default)
        if not is_number(value):
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
        given = {k: self.given[k] for k in BOUNDS if k in self.given}
        if not given:
            raise ClauseError((), f"{self.kind} needs a minimum or a maximum")
        return limits(given, self.columns[column].type if column else "double")
