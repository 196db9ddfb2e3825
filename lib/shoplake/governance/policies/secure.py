"""A query rewritten so that it reads every table as its role may see it.

The rewriting is on the parsed query, so it holds for aliases, joins, common table expressions,
sub-queries, set operations and stars alike. What it does not know it refuses.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import expressions as exp

from shoplake.errors import PolicyError
from shoplake.governance.policies.decide import View
from shoplake.governance.policies.functions import is_plain
from shoplake.governance.policies.groups import guard

#: What stands for a table in the engine's query: a table or a sub-query without alias.
Source = Callable[[View], exp.Expr]

#: Names that start so belong to the rewriting.
RESERVED = "__"

_TABLE_PARTS = {"this", "db", "alias"}
_REFUSED = (
    (exp.Placeholder, "a query takes no parameters"),
    (exp.Parameter, "a query takes no parameters"),
    (exp.SessionParameter, "a query takes no parameters"),
    (exp.Into, "nothing that writes"),
    (exp.Lock, "nothing that locks"),
    (exp.Command, "nothing but SELECT"),
    (exp.Pivot, "no PIVOT; write the aggregates"),
    (exp.TableSample, "no TABLESAMPLE"),
    (exp.Version, "no time travel"),
)


def secure(tree: exp.Query, view_of: Callable[[str], View], source: Source) -> exp.Query:
    """The query over what a role may see.

    Args:
        tree: the query as parsed; left as it is.
        view_of: what the role sees of `schema.table`; raises PolicyError where it sees nothing.
        source: what stands for a view's rows in the engine's query. For a view with a
            smallest group it has the column `groups.PERSON` besides.

    Raises:
        PolicyError: the query reads something else than tables of the role, or asks more
            of people than groups of them.
    """
    tree = tree.copy()
    _refuse(tree)
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        for name in (column.this, column.args.get("table")):
            if isinstance(name, exp.Identifier) and not name.quoted:
                name.set("this", name.this.lower())
    views = {id(t): view_of(f"{t.db}.{t.name}") for t in _lake_tables(tree)}
    for select in list(tree.find_all(exp.Select)):
        guard(select, views)
    for table in list(tree.find_all(exp.Table)):
        if id(table) not in views:
            continue
        alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name))
        replacement = source(views[id(table)])
        replacement.set("alias", alias.copy())
        table.replace(replacement)
    return tree


def _refuse(tree: exp.Query) -> None:
    for node in tree.walk():
        for kind, message in _REFUSED:
            if isinstance(node, kind):
                raise PolicyError(message, where=node.sql(dialect="databricks"))
        if isinstance(node, exp.Identifier) and node.name.startswith(RESERVED):
            raise PolicyError(f"names that start with {RESERVED} are reserved", where=node.name)
        if isinstance(node, exp.Func) and not is_plain(node):
            raise PolicyError("this function is not open to roles", where=node.sql("databricks"))
        if isinstance(node, exp.Dot) and node.find(exp.Func):
            raise PolicyError("no functions with a dotted name", where=node.sql())
        node.pop_comments()
        if isinstance(node, exp.Select):
            node.set("hint", None)


def _lake_tables(tree: exp.Query) -> list[exp.Table]:
    """References to tables of the lake; every other reference names a common table expression."""
    found = []
    for table in tree.find_all(exp.Table):
        shown = table.sql(dialect="databricks")
        alias = table.args.get("alias")
        extra = {k for k, v in table.args.items() if v} - _TABLE_PARTS
        plain = isinstance(table.this, exp.Identifier) and not extra
        if alias is not None and (not isinstance(alias.this, exp.Identifier) or alias.columns):
            plain = False
        if not plain:
            raise PolicyError(
                "a role reads tables by name: no versions, samples, files, functions or "
                "joins in parentheses",
                where=shown,
            )
        if table.db:
            found.append(table)
        elif not _is_common(table):
            raise PolicyError(f"no table '{shown}'", remedy="write <schema>.<table>")
    return found


def _is_common(table: exp.Table) -> bool:
    """Whether a common table expression of that name is in reach."""
    node: exp.Expr | None = table
    while node is not None:
        with_ = node.args.get("with_")
        if with_ is not None and any(
            cte.alias.lower() == table.name.lower() for cte in with_.expressions
        ):
            return True
        node = node.parent
    return False
