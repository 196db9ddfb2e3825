"""SQL expressions written in a contract: parsed before Spark sees them, columns found."""

from __future__ import annotations

from collections.abc import Iterable

import sqlglot
from sqlglot import expressions as exp
from sqlglot.errors import SqlglotError


def columns_of(text: str, columns: Iterable[str]) -> tuple[str, ...]:
    """The columns of the table that a Spark SQL expression names, in the table's order.

    Raises:
        ValueError: it is no expression, or names a column that the table does not have.
    """
    known = list(columns)
    try:
        tree = sqlglot.parse_one(text, dialect="databricks")
    except SqlglotError as error:
        raise ValueError(f"not SQL: {str(error).splitlines()[0]}") from None
    if isinstance(tree, exp.Query) or tree.find(exp.Subquery):
        raise ValueError("an expression, not a query, is expected")
    variables = {
        parameter.name for each in tree.find_all(exp.Lambda) for parameter in each.expressions
    }
    named = {c.name for c in tree.find_all(exp.Column) if not c.table} - variables
    unknown = sorted(named - set(known))
    if unknown:
        raise ValueError(f"the table has no column '{unknown[0]}'")
    return tuple(c for c in known if c in named)


def windowed(text: str, partition_by: str) -> str:
    """The expression with each of its aggregates taken over `partition_by` (SQL, with commas).

    Raises:
        ValueError: an aggregate of distinct values, which Spark has no window for.
    """
    tree = sqlglot.parse_one(f"({text})", dialect="databricks")
    if tree.find(exp.Distinct):
        raise ValueError("DISTINCT is not possible over a group; use size(collect_set(...))")
    template = sqlglot.parse_one(f"sum(1) OVER (PARTITION BY {partition_by})", dialect="databricks")
    for found in list(tree.find_all(exp.AggFunc)):
        if not found.find_ancestor(exp.AggFunc):
            over = template.copy()
            over.set("this", found.copy())
            found.replace(over)
    return tree.sql(dialect="databricks")
