"""The policies as Unity Catalog's SQL: tags, mask and filter functions, and grants.

Every statement may be run again. A function's name ends in a hash of its body, so that a changed
policy makes a new function and no column changes its mask before its own statement has run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Column, Contract
from shoplake.errors import PolicyError
from shoplake.governance.policies.conditions import columns_of, condition
from shoplake.governance.policies.decide import View, contract_of, view
from shoplake.governance.policies.masks import masked, spark_hash
from shoplake.governance.policies.model import Policies
from shoplake.runtime.lake import SCHEMAS
from shoplake.runtime.settings import Settings

#: Name of the mask key in the secret scope of the pseudonym key.
SECRET_NAME = "mask_key"


@dataclass(frozen=True)
class Function:
    """An SQL function; `parameters` are (name, type)."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    returns: str
    body: str

    def create(self, identifier: str, kind: str = "FUNCTION") -> str:
        """The statement that makes it."""
        parameters = ", ".join(f"`{n}` {t}" for n, t in self.parameters)
        return (
            f"CREATE OR REPLACE {kind} {identifier}({parameters})\n"
            f"RETURNS {self.returns}\nRETURN {self.body}"
        )


@dataclass(frozen=True)
class TablePolicy:
    """What Unity Catalog is told of one table.

    Attributes:
        contract: the table's.
        masks: function by column; a public or internal one that every reader sees has none.
        filter: the row filter; its parameters are columns of the table.
        readers: groups that may SELECT.
        barred: groups of the other roles.
    """

    contract: Contract
    masks: dict[str, Function]
    filter: Function | None
    readers: tuple[str, ...]
    barred: tuple[str, ...]


class Unity:
    """Compiles policies for one catalog.

    Roles that read as one person are left out: Unity Catalog does not know who is asking in the
    shop's terms. Roles with a smallest group get no grant on tables about people.
    """

    def __init__(self, settings: Settings, policies: Policies, book: ContractBook) -> None:
        if not settings.catalog:
            raise PolicyError(
                "Unity Catalog's SQL needs a catalog", remedy="give --env databricks or --catalog"
            )
        self._settings, self._policies, self._book = settings, policies, book
        self._roles = {n: r for n, r in policies.roles.items() if r.groups and not r.subject}
        scope = settings.pseudonym_key.secret_scope or "shoplake"
        self._hash = spark_hash(f"secret('{scope}', '{SECRET_NAME}')")

    def table(self, contract: Contract) -> TablePolicy:
        """The policy of one table."""
        views = {name: v for name in self._roles if (v := self._view(name, contract.table))}
        readers = tuple(g for name in views for g in self._roles[name].groups)
        return TablePolicy(
            contract=contract,
            masks={
                c.name: self._mask(contract, c, views)
                for c in contract.columns
                if c.classification in ("pseudonym", "personal")
                or any(v.masks[c.name] != "show" for v in views.values())
            },
            filter=self._filter(contract, views),
            readers=readers,
            barred=tuple(g for r in self._roles.values() for g in r.groups if g not in readers),
        )

    def statements(self, tables: list[str] | None = None) -> Iterator[str]:
        """All statements in the order to run them; without `tables`, for every contract."""
        contracts = [contract_of(self._book, t) for t in tables] if tables else list(self._book)
        yield from self._schema_statements()
        made: set[str] = set()
        for contract in contracts:
            policy = self.table(contract)
            functions = [*policy.masks.values(), *([policy.filter] if policy.filter else [])]
            for function in functions:
                if function.name not in made:
                    made.add(function.name)
                    yield function.create(self._function(function))
            yield from self._table_statements(policy)

    def name(self, table: str) -> str:
        """The table's name in SQL."""
        schema, _, name = table.partition(".")
        return f"{self._schema(schema)}.`{name}`"

    def _view(self, role: str, table: str) -> View | None:
        try:
            seen = view(self._policies, self._book, role, table)
        except PolicyError:
            return None
        return None if seen.smallest_group is not None else seen

    def _mask(self, contract: Contract, column: Column, views: dict[str, View]) -> Function:
        cases = [
            (name, masked(seen.masks[column.name], column.type, "v", self._hash))
            for name, seen in views.items()
        ]
        body = self._by_role(cases, otherwise="NULL")
        kind = re.sub(r"[^a-z0-9]+", "_", column.type).strip("_")
        name = f"mask_{column.classification}_{kind}_{_digest(body)}"
        return Function(name, (("v", column.type.upper()),), column.type.upper(), body)

    def _filter(self, contract: Contract, views: dict[str, View]) -> Function | None:
        if all(seen.where is None for seen in views.values()):
            return None
        cases, used = [], set()
        for name, seen in views.items():
            if seen.where is None:
                cases.append((name, "true"))
                continue
            used |= set(columns_of(seen.where, contract.column_names, self._columns_in))
            cases.append((name, condition(seen.where, self.name, None).sql(dialect="databricks")))
        body = self._by_role(cases, otherwise="false")
        name = f"rows_{contract.table.replace('.', '_')}_{_digest(body)}"
        parameters = tuple((c.name, c.type.upper()) for c in contract.columns if c.name in used)
        return Function(name, parameters, "BOOLEAN", body)

    def _columns_in(self, table: str) -> tuple[str, ...]:
        known = self._book.get(table)
        return known.column_names if known is not None else ()

    def _by_role(self, cases: list[tuple[str, str]], otherwise: str) -> str:
        if not cases:
            return otherwise
        whens = "\n  ".join(f"WHEN {self._member(name)} THEN {value}" for name, value in cases)
        return f"CASE\n  {whens}\n  ELSE {otherwise} END"

    def _member(self, role: str) -> str:
        groups = self._roles[role].groups
        return " OR ".join(f"is_account_group_member('{_text(g)}')" for g in groups)

    def _schema_statements(self) -> Iterator[str]:
        for role in self._roles.values():
            for group in role.groups:
                to = _principal(group)
                yield f"GRANT USE CATALOG ON CATALOG `{self._settings.catalog}` TO {to}"
                for schema in SCHEMAS:
                    # What is granted on a schema holds for every table of it, later ones too.
                    yield f"REVOKE SELECT ON SCHEMA {self._schema(schema)} FROM {to}"
                    if any(entry.split(".")[0] == schema for entry in role.read):
                        yield f"GRANT USE SCHEMA ON SCHEMA {self._schema(schema)} TO {to}"

    def _table_statements(self, policy: TablePolicy) -> Iterator[str]:
        table = self.name(policy.contract.table)
        for column in policy.contract.columns:
            alter = f"ALTER TABLE {table} ALTER COLUMN `{column.name}`"
            yield f"{alter} SET TAGS ('classification' = '{column.classification}')"
            function = policy.masks.get(column.name)
            yield (
                f"{alter} SET MASK {self._function(function)}" if function else f"{alter} DROP MASK"
            )
        if policy.filter is None:
            yield f"ALTER TABLE {table} DROP ROW FILTER"
        else:
            on = ", ".join(f"`{n}`" for n, _ in policy.filter.parameters)
            yield f"ALTER TABLE {table} SET ROW FILTER {self._function(policy.filter)} ON ({on})"
        for group in policy.barred:
            yield f"REVOKE SELECT ON TABLE {table} FROM {_principal(group)}"
        for group in policy.readers:
            yield f"GRANT SELECT ON TABLE {table} TO {_principal(group)}"

    def _function(self, function: Function) -> str:
        return f"{self._schema('governance')}.`{function.name}`"

    def _schema(self, schema: str) -> str:
        return f"`{self._settings.catalog}`.`{self._settings.schema_prefix}{schema}`"


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:8]


def _text(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _principal(group: str) -> str:
    return f"`{group.replace('`', '``')}`"
