"""What a contract says, typed: columns, rules, key, and how the table is written."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, get_args

Breach = Literal["warn", "quarantine", "stop"]
RowKind = Literal["not_null", "range", "length", "pattern", "set", "row"]
RelationKind = Literal[
    "unique",
    "reference",
    "one_value",
    "group",
    "preceded_by",
    "reconcile",
    "outlier",
    "near_duplicate",
]
BatchKind = Literal["aggregate", "freshness", "drift"]
RuleKind = RowKind | RelationKind | BatchKind
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


#: Rules about a batch as a whole: they name no row, so they warn or stop.
BATCH_KINDS: frozenset[str] = frozenset(get_args(BatchKind))
#: Rules about a row beside other rows or another table.
RELATION_KINDS: frozenset[str] = frozenset(get_args(RelationKind))


@dataclass(frozen=True)
class Rule:
    """One judgement, of a row or (the batch kinds) of a batch; docs/rules.md describes the kinds.

    Attributes:
        name: unique within the contract, e.g. `quantity_range`.
        kind: decides which of the argument fields is read.
        columns: the columns judged; shown with the reason.
        on_breach: `warn` counts, `quarantine` holds the row, `stop` fails the run.
        minimum, maximum: inclusive bounds of `range`, `length` and the batch kinds, as SQL
            literals. `freshness` has its age in hours.
        exclusive_minimum, exclusive_maximum: the bound itself is not allowed.
        pattern: Java regular expression that the whole value must match.
        allowed: the values of `set`.
        reference: the other table and its columns that face `per` (`reference`: `columns`).
        condition: Spark SQL boolean; a row breaks the rule when it is false (null passes). Of
            `group` over aggregates of the group.
        where: Spark SQL boolean; only rows where it is true are looked at.
        per: the columns that make a group, or that face the other table's.
        value: Spark SQL of what is compared with `theirs`: a time (`preceded_by`) or an aggregate
            of the group (`reconcile`).
        theirs, theirs_where: the same of the other table, and which of its rows count.
        measure: what an `aggregate` or `drift` computes.
        over: an aggregate of the `batch`, or of the `table` with the batch in it.
        threshold: z of `outlier`, similarity of `near_duplicate`, tolerance of `reconcile`.
        at_least: rows a group must have for `outlier` to judge it.
        batches: the number of earlier batches `drift` compares with.
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
    reference: tuple[str, ...] | None = None
    condition: str | None = None
    description: str = ""
    exclusive_maximum: bool = False
    where: str | None = None
    per: tuple[str, ...] = ()
    value: str | None = None
    theirs: str | None = None
    theirs_where: str | None = None
    measure: str | None = None
    over: Literal["batch", "table"] = "batch"
    threshold: float | None = None
    at_least: int = 8
    batches: int = 5


@dataclass(frozen=True)
class Contract:
    """A table's contract: `table` is `<schema>.<table>`; a run replaces slices by `slice_by`.

    `check_constraints` says which rules about one row Delta enforces again on every writer: those
    that hold or stop rows ("all"), or those that stop ("stop"). `owners` answer for the table.
    """

    table: str
    version: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    slice_by: tuple[str, ...] = ()
    append_only: bool = False
    check_constraints: Literal["all", "stop"] = "all"
    freshness: timedelta | None = None
    freshness_column: str | None = None
    retention: timedelta | None = None
    retention_column: str | None = None
    status: str = "active"
    owners: tuple[str, ...] = ()
    source: str = field(default="", compare=False, repr=False)

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
