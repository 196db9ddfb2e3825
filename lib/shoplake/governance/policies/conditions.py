"""A row filter's condition with its tables and parameter filled in."""

from __future__ import annotations

from collections.abc import Callable

import sqlglot
from sqlglot import expressions as exp

from shoplake.errors import PolicyError


def condition(where: str, table_name: Callable[[str], str], subject: str | None) -> exp.Expr:
    """The condition as a tree, in parentheses.

    Args:
        where: as the policies have it.
        table_name: from `schema.table` to what stands for it in the engine's query.
        subject: the person asking, for `:subject`.

    Raises:
        PolicyError: it asks for `:subject` and none is given.
    """
    tree = sqlglot.parse_one(f"SELECT 1 WHERE ({where})", dialect="databricks")
    for table in list(tree.find_all(exp.Table)):
        named = exp.Table(this=exp.Var(this=table_name(f"{table.db}.{table.name}")))
        named.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias_or_name)))
        table.replace(named)
    for parameter in list(tree.find_all(exp.Placeholder)):
        if subject is None:
            raise PolicyError(
                "this role reads as one person", remedy="say which: the person's key as subject"
            )
        parameter.replace(exp.Literal.string(subject))
    found: exp.Expr = tree.args["where"].this
    return found


def columns_of(
    where: str, known: tuple[str, ...], columns_in: Callable[[str], tuple[str, ...]]
) -> tuple[str, ...]:
    """The columns of the table itself that the condition reads, in the table's order.

    Args:
        where: as the policies have it. A bare name within a sub-query is that of a table of the
            sub-query which has such a column, else the table's own, as in SQL.
        known: the table's columns.
        columns_in: those of another table, by `schema.table`.
    """
    tree = sqlglot.parse_one(f"SELECT 1 WHERE ({where})", dialect="databricks")

    def is_own(column: exp.Column) -> bool:
        above = column.find_ancestor(exp.Select)
        while above is not None and above is not tree:
            # A table of a query further in is none of this one's.
            tables = [t for t in above.find_all(exp.Table) if t.find_ancestor(exp.Select) is above]
            if column.table:
                if column.table.lower() in {t.alias_or_name.lower() for t in tables}:
                    return False
            elif any(column.name.lower() in _lower(columns_in(f"{t.db}.{t.name}")) for t in tables):
                return False
            above = above.find_ancestor(exp.Select)
        return True

    own = {c.name.lower() for c in tree.find_all(exp.Column) if is_own(c)}
    return tuple(c for c in known if c.lower() in own)


def _lower(names: tuple[str, ...]) -> set[str]:
    return {name.lower() for name in names}
