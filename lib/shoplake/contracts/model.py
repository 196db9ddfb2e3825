"""What a contract says, typed: columns, rules, key, and how the table is written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

Breach = Literal["warn", "quarantine", "stop"]
RuleKind = Literal["not_null", "range", "length", "pattern", "set", "unique", "reference", "row"]
Classification = Literal["public", "internal", "pseudonym", "personal"]

#: Classes whose values are never shown in quarantine reasons or records.
MASKED: frozenset[str] = frozenset({"personal"})


@dataclass(frozen=True)
class Column:
    """One column: `type` is a Spark SQL type, `key_position` counts from 1 within the key."""

    name: str
    type: str
    required: bool = False
    key_position: int | None = None
    partition_position: int | None = None
    description: str = ""
    classification: Classification = "internal"


@dataclass(frozen=True)
class Rule:
    """One judgement of a row.

    Attributes:
        name: unique within the contract, e.g. `quantity_range`.
        kind: decides which of the argument fields is read.
        columns: the columns judged; shown with the reason.
        on_breach: `warn` counts, `quarantine` holds the row, `stop` fails the run.
        minimum, maximum: inclusive bounds of `range` and `length`, as SQL literals.
        exclusive_minimum: the bound of `range` is itself not allowed.
        pattern: Java regular expression that the whole value must match.
        allowed: the values of `set`.
        reference: (table, column) that must hold the value.
        condition: Spark SQL boolean; a row breaks the rule when it is false (null passes).
    """

    name: str
    kind: RuleKind
    columns: tuple[str, ...]
    on_breach: Breach = "quarantine"
    minimum: str | None = None
    maximum: str | None = None
    exclusive_minimum: bool = False
    pattern: str | None = None
    allowed: tuple[str, ...] = ()
    reference: tuple[str, str] | None = None
    condition: str | None = None
    description: str = ""


@dataclass(frozen=True)
class Contract:
    """A table's contract: `table` is `<schema>.<table>`; a run replaces slices by `slice_by`."""

    table: str
    version: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    slice_by: tuple[str, ...] = ()
    append_only: bool = False
    freshness: timedelta | None = None
    freshness_column: str | None = None
    source: str = field(default="", compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key's columns in order."""
        keyed = [c for c in self.columns if c.key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.key_position or 0))

    @property
    def partition_by(self) -> tuple[str, ...]:
        """The partition columns in order."""
        parts = [c for c in self.columns if c.partition_position is not None]
        return tuple(c.name for c in sorted(parts, key=lambda c: c.partition_position or 0))

    @property
    def column_names(self) -> tuple[str, ...]:
        """All columns in the table's order."""
        return tuple(c.name for c in self.columns)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change whenever a clause of the contract does."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:16]

    def column(self, name: str) -> Column:
        """The column called `name`; KeyError when there is none."""
        return {c.name: c for c in self.columns}[name]
