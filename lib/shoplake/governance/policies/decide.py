"""What one role sees of one table: the decision every engine carries out."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Contract
from shoplake.errors import PolicyError
from shoplake.governance.policies.model import Mask, Policies, Role
from shoplake.governance.quarantine import quarantine_contract

_QUARANTINE = "governance.quarantine_"
#: Classes that make a table one about people.
_ABOUT_PEOPLE = ("pseudonym", "personal")
#: Columns of a quarantine that hold nothing of the held row.
_HELD_BY = ("row_id", "batch_id")


@dataclass(frozen=True)
class View:
    """What a role sees of a table.

    Attributes:
        contract: the table's.
        masks: by column, for all columns of the contract.
        where: SQL condition over the raw columns, or None for all rows.
        person: the column that says whose row it is, or None.
        smallest_group: k when only groups of k people are shown, else None.
        counted_only: columns a role with a smallest group may only count and join: those
            of persons and records, and pseudonyms and personal values that the role's
            `columns` do not name.
    """

    contract: Contract
    masks: dict[str, Mask]
    where: str | None
    person: str | None
    smallest_group: int | None
    counted_only: frozenset[str]

    @property
    def table(self) -> str:
        """`schema.table`."""
        return self.contract.table


def role_of(policies: Policies, name: str) -> Role:
    """The role of that name.

    Raises:
        PolicyError: there is none.
    """
    if name not in policies.roles:
        raise PolicyError(f"no role '{name}'", remedy=f"known: {', '.join(policies.roles)}")
    return policies.roles[name]


def contract_of(book: ContractBook, table: str) -> Contract:
    """The contract of a table, or that of a quarantine, which follows its table's.

    Raises:
        ContractError: there is none.
    """
    base = _base(book, table)
    return book[table] if base is None else quarantine_contract(base)


def readable(policies: Policies, book: ContractBook, role: str) -> list[str]:
    """Tables with a contract of their own that the role may read."""
    found = []
    for contract in book:
        with contextlib.suppress(PolicyError):
            found.append(view(policies, book, role, contract.table).table)
    return found


def is_about_people(contract: Contract) -> bool:
    """Whether any column is a pseudonym or personal."""
    return any(c.classification in _ABOUT_PEOPLE for c in contract.columns)


def person_column(policies: Policies, contract: Contract) -> str | None:
    """The column that says whose row it is."""
    return next((p for p in policies.persons if p in contract.column_names), None)


def view(policies: Policies, book: ContractBook, role: str, table: str) -> View:
    """What the role sees of the table.

    Raises:
        PolicyError: it may not read it.
    """
    given = role_of(policies, role)
    if table.startswith(_QUARANTINE):
        return _quarantine_view(policies, book, role, table)
    contract = book.get(table)
    if contract is None or not _listed(given, table):
        raise PolicyError(
            f"role {role} may not read {table}", remedy=f"it may read {', '.join(given.read)}"
        )
    person = person_column(policies, contract)
    about_people = is_about_people(contract)
    k = given.smallest_group if about_people else None
    if k is not None and person is None:
        raise PolicyError(
            f"role {role} sees only groups of {k} people, and {table} does not say whose rows "
            "they are, so none can be counted",
        )
    counted = {*policies.persons, *policies.records}
    counted |= {
        c.name
        for c in contract.columns
        if c.classification in _ABOUT_PEOPLE and f"{table}.{c.name}" not in given.columns
    }
    if about_people and len(contract.key) == 1:
        counted |= {*contract.key}
    return View(
        contract=contract,
        masks={c.name: _mask(given, contract, c.name) for c in contract.columns},
        where=given.rows.get(table),
        person=person,
        smallest_group=k,
        counted_only=frozenset(counted),
    )


def _quarantine_view(policies: Policies, book: ContractBook, role: str, table: str) -> View:
    """Held rows under the masks of their table; refused where its rows would be filtered."""
    base = _base(book, table)
    if base is None or not role_of(policies, role).quarantine:
        raise PolicyError(f"role {role} may not read {table}")
    of_table = view(policies, book, role, base.table)
    if of_table.where is not None or of_table.smallest_group is not None:
        raise PolicyError(f"role {role} sees {base.table} only in part, so it may not read {table}")
    contract = quarantine_contract(base)
    # A held row is one text, masked by the contract of the day it was held: whoever has any column
    # of the table masked sees none of it.
    whole = all(of_table.masks[c] == "show" for c in base.column_names)
    content: Mask = "show" if whole else None
    masks = {
        c: of_table.masks.get(c, "show" if c in _HELD_BY else content)
        for c in contract.column_names
    }
    return View(contract, masks, None, None, None, frozenset())


def _base(book: ContractBook, table: str) -> Contract | None:
    """The contract of the table whose quarantine `table` is."""
    if not table.startswith(_QUARANTINE):
        return None
    layer, _, name = table.removeprefix(_QUARANTINE).partition("_")
    return book.get(f"{layer}.{name}")


def _listed(role: Role, table: str) -> bool:
    return table in role.read or table.split(".")[0] in role.read


def _mask(role: Role, contract: Contract, column: str) -> Mask:
    name = f"{contract.table}.{column}"
    if name in role.columns:
        return role.columns[name]
    return role.classes.get(contract.column(column).classification)
