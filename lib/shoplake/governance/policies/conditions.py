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


def columns_of(where: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of the table itself that the condition reads, in the table's order."""
    tree = sqlglot.parse_one(f"SELECT 1 WHERE ({where})", dialect="databricks")
    inner = {id(c) for query in tree.args["where"].find_all(exp.Query) for c in _columns(query)}
    own = {c.name for c in _columns(tree) if id(c) not in inner}
    return tuple(c for c in known if c in own)


def _columns(tree: exp.Expr) -> list[exp.Column]:
    return list(tree.find_all(exp.Column))
