"""Which columns say something of a person, and what each role sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shoplake.catalog.facts import Table
from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Column
from shoplake.errors import PolicyError
from shoplake.governance.policies.decide import view
from shoplake.governance.policies.model import Generalise, Mask, Partial, Policies

_PERSONAL = ("personal", "pseudonym")


@dataclass(frozen=True)
class Sight:
    """What a role sees: `level` is full, part, groups, hidden or none, `text` says how."""

    level: str
    text: str


@dataclass(frozen=True)
class PersonalColumn:
    """One column with what each role sees of it, in the order of the roles."""

    table: str
    column: Column
    seen: tuple[Sight, ...]


def personal_columns(
    policies: Policies, book: ContractBook, found: Sequence[Table]
) -> tuple[PersonalColumn, ...]:
    """The personal columns and pseudonyms of the tables."""
    return tuple(
        PersonalColumn(
            table.name,
            column,
            tuple(_sight(policies, book, role, table.name, column.name) for role in policies.roles),
        )
        for table in found
        if table.contract is not None
        for column in table.columns
        if column.classification in _PERSONAL
    )


def _sight(policies: Policies, book: ContractBook, role: str, table: str, column: str) -> Sight:
    try:
        seen = view(policies, book, role, table)
    except PolicyError:
        return Sight("none", "no access")
    mask = seen.masks[column]
    level, text = _mask(mask)
    if mask is None:
        return Sight(level, text)
    if seen.smallest_group is not None:
        return Sight("groups", f"{text}, groups ≥ {seen.smallest_group}")
    if seen.where is not None:
        own = policies.roles[role].subject
        return Sight("part", f"{text}, own rows" if own else f"{text}, some rows")
    return Sight(level, text)


def _mask(mask: Mask) -> tuple[str, str]:
    if mask is None:
        return "hidden", "hidden"
    if isinstance(mask, Partial):
        ends = [
            f"{word} {n}"
            for word, n in (("first", mask.partial.first), ("last", mask.partial.last))
            if n
        ]
        return "part", " and ".join(ends)
    if isinstance(mask, Generalise):
        to = mask.generalise.to
        return "part", f"by {to}" if to else f"in steps of {mask.generalise.step:g}"
    return ("full", "shown") if mask == "show" else ("part", "keyed hash")
