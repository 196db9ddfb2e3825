"""What `conf/policies.yml` says, typed: roles, masks, row filters, smallest groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from shoplake.contracts.model import Classification


@dataclass(frozen=True)
class Ends:
    """How many characters of a text stay at its start and end; counted in code points."""

    first: int = 0
    last: int = 0


@dataclass(frozen=True)
class Partial:
    """Text keeps its ends, the middle becomes `***`; one too short for that becomes `***`."""

    partial: Ends


@dataclass(frozen=True)
class Coarser:
    """A date or time cut down to its day, month or year; a number to a multiple of `step`."""

    to: Literal["day", "month", "year"] | None = None
    step: float | None = None


@dataclass(frozen=True)
class Generalise:
    """A value becomes the start of the bucket it lies in."""

    generalise: Coarser


#: `hash` is keyed (see `masks`); None is YAML's null: the value is never shown.
Mask = Literal["show", "hash"] | Partial | Generalise | None


@dataclass(frozen=True)
class Role:
    """What one role may see; whatever is not said is not shown.

    Attributes:
        description: who has the role.
        read: schemas and tables it may read; no other.
        groups: account groups that have the role under Unity Catalog.
        classes: mask by classification; a class that is left out is null.
        columns: mask by `schema.table.column`, instead of its class's.
        rows: SQL condition by table; only rows for which it is true are there. It sees raw
            columns and may read other tables of the lake; `:subject` is the person asking.
        smallest_group: k: tables about people answer only aggregates over at least k people.
        quarantine: whether it may read the quarantine of the tables it may read.
        subject: the role reads as one person, whose key must be given.
    """

    description: str
    read: tuple[str, ...]
    groups: tuple[str, ...] = ()
    classes: dict[Classification, Mask] = field(default_factory=dict)
    columns: dict[str, Mask] = field(default_factory=dict)
    rows: dict[str, str] = field(default_factory=dict)
    smallest_group: int | None = None
    quarantine: bool = False
    subject: bool = False


@dataclass(frozen=True)
class Policies:
    """All roles.

    Attributes:
        persons: columns that say whose row it is, best first.
        records: columns that pick out single records; like those of persons, a role with a
            smallest group may only count and join them.
        roles: by name. Under Unity Catalog somebody in groups of several roles has the first.
    """

    persons: tuple[str, ...]
    records: tuple[str, ...]
    roles: dict[str, Role]
