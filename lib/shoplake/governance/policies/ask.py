"""A role's SQL on a lake of folders, answered by DataFusion."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from sqlglot import expressions as exp

from shoplake.contracts.book import ContractBook
from shoplake.errors import PolicyError, ShoplakeError
from shoplake.governance.policies.conditions import condition
from shoplake.governance.policies.decide import View, role_of, view
from shoplake.governance.policies.groups import PERSON
from shoplake.governance.policies.masks import datafusion_hash, mask_key, masked
from shoplake.governance.policies.model import Policies
from shoplake.governance.policies.secure import secure
from shoplake.runtime.datafusion import spelled
from shoplake.runtime.key import pseudonym_key
from shoplake.runtime.query_names import in_one_case, parse
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import Answer, Opened, execute

# No optimiser moves a condition of the query below a LIMIT: else it would be evaluated on rows and
# values that are hidden, and its errors would show them.
_BARRIER = "LIMIT 9223372036854775807"


def query_as(
    settings: Settings,
    policies: Policies,
    book: ContractBook,
    role: str,
    sql: str,
    subject: str | None = None,
    opened: Opened | None = None,
    key: Callable[[Settings], bytes] = pseudonym_key,
) -> Answer:
    """Answer one SELECT with what the role may see.

    Args:
        settings: of a lake of folders.
        policies: the roles.
        book: the contracts.
        role: who asks.
        sql: one query over `schema.table`s.
        subject: the key of the person a role with `subject: true` reads as.
        opened: tables to read as they were opened, see `runtime.sql.execute`.
        key: finds the key of masks, where one needs it.

    Raises:
        PolicyError: the role may not see what is asked for.
        ShoplakeError: as `runtime.sql.query`.
    """
    check_subject(policies, role, subject)
    tree = parse(sql)
    read = [book.get(f"{table.db}.{table.name}") for table in tree.find_all(exp.Table)]
    asked = in_one_case(tree, [name for c in read if c is not None for name in c.column_names])
    sources = _Sources(settings, subject, key)
    secured = secure(tree, lambda table: view(policies, book, role, table), sources.of)
    try:
        answer = execute(settings, spelled(secured), sources.tables, where=sql, opened=opened)
    except ShoplakeError as error:
        raise ShoplakeError(
            sources.scrubbed(error.what), where=error.where, remedy=error.remedy
        ) from None
    return answer.called(asked)


def check_subject(policies: Policies, role: str, subject: str | None) -> None:
    """Refuse a role that reads as one person without one, and the other way round.

    Raises:
        PolicyError: so it is.
    """
    if role_of(policies, role).subject != (subject is not None):
        raise PolicyError(
            f"role {role} reads as one person"
            if subject is None
            else f"role {role} does not read as one person",
            remedy="give --subject with roles that have `subject: true`, and with no other",
        )


@dataclass
class _Sources:
    """Sub-queries that stand for views; `tables` says which names they read."""

    settings: Settings
    subject: str | None
    find_key: Callable[[Settings], bytes]
    tables: dict[str, str] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        # Looked for only where a mask needs it.
        return mask_key(self.find_key(self.settings))

    def of(self, view: View) -> exp.Expr:
        columns = [
            f'{masked(view.masks[c.name], c.type, _quoted(c.name), self._hash)} AS "{c.name}"'
            for c in view.contract.columns
        ]
        if view.smallest_group is not None and view.person is not None:
            columns.append(f'{_quoted(view.person)} AS "{PERSON}"')
        text = f"SELECT {', '.join(columns)} FROM {self._name(view.table)}"
        if view.where is not None:
            text += f" WHERE {spelled(condition(view.where, self._name, self.subject))}"
        # A Var is printed as it is, so DataFusion's spelling passes through.
        return exp.Subquery(this=exp.Var(this=f"{text} {_BARRIER}"))

    def _name(self, table: str) -> str:
        """A name that no query can guess: a common table expression cannot take its place."""
        for name, known in self.tables.items():
            if known == table:
                return name
        name = f"t_{secrets.token_hex(8)}"
        self.tables[name] = table
        return name

    def _hash(self, column: str) -> str:
        return datafusion_hash(f"'{self.key}'")(column)

    def scrubbed(self, message: str) -> str:
        for name, table in self.tables.items():
            message = message.replace(name, table)
        # Only a key that was looked for can be in a message.
        return message.replace(self.key, "***") if "key" in self.__dict__ else message


def _quoted(name: str) -> str:
    return f'"{name}"'
