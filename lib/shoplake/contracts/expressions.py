"""SQL expressions written in a contract or policy: parsed before Spark sees them."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping

import sqlglot
from sqlglot import expressions as exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types

#: Aggregates that sqlglot does not know as such.
_AGGREGATES = frozenset(
    ("any", "every", "some", "histogram_numeric", "count_min_sketch", "try_avg", "try_sum")
)
#: Functions of Spark's SQL that pyspark has not: casts, and a few.
_CASTS = ("bigint", "binary", "boolean", "date", "decimal", "double", "float", "int", "string")
_OF_SQL = frozenset((*_CASTS, "smallint", "tinyint", "luhn_check"))
#: Types with parts that a dot picks.
_PARTS = ("map", "array<struct", "struct")


def parsed(text: str) -> exp.Expr:
    """One expression as a tree.

    Raises:
        ValueError: it is none, or there are several.
    """
    try:
        trees = sqlglot.parse(text, dialect="databricks")
    except SqlglotError as error:
        raise ValueError(f"not SQL: {str(error).splitlines()[0]}") from None
    if len(trees) != 1 or trees[0] is None:
        raise ValueError("one expression is expected, without ;")
    return trees[0]


def columns_of(text: str, columns: Iterable[str]) -> tuple[str, ...]:
    """The columns of the table that a Spark SQL expression names, in the table's order.

    Raises:
        ValueError: it is no expression, or names a column that the table does not have.
    """
    known = list(columns)
    tree = parsed(text)
    if isinstance(tree, exp.Query) or tree.find(exp.Query):
        raise ValueError("an expression, not a query, is expected")
    named = {c.name for c in tree.find_all(exp.Column) if not c.table} - _variables(tree)
    unknown = sorted(named - set(known))
    if unknown:
        raise ValueError(f"the table has no column '{unknown[0]}'")
    return tuple(c for c in known if c in named)


def check_condition(text: str, types: Mapping[str, str], of_groups: bool = False) -> None:
    """Refuse what is not true or false of a row, or (`of_groups`) of a group of rows.

    Args:
        text: Spark SQL; a query may stand in it, as in `IN (SELECT ...)`.
        types: of the table's columns, by name.
        of_groups: whether aggregates may stand in it.

    Raises:
        ValueError: why it is refused.
    """
    tree = parsed(text)
    _check_names(tree, types)
    _check_functions(tree, of_groups)
    _check_boolean(tree, types)


def check_aggregate(text: str, types: Mapping[str, str]) -> None:
    """Refuse what is not an aggregate of a group of rows, such as `sum(amount)`.

    Raises:
        ValueError: why it is refused.
    """
    tree = parsed(text)
    _check_names(tree, types)
    _check_functions(tree, of_groups=True)
    if not tree.find(exp.AggFunc):
        raise ValueError("expected an aggregate, such as sum(...)")


def check_value(text: str, types: Mapping[str, str]) -> None:
    """Refuse what is not a value of a row.

    Raises:
        ValueError: why it is refused.
    """
    tree = parsed(text)
    _check_names(tree, types)
    _check_functions(tree, of_groups=False)


def _variables(tree: exp.Expr) -> set[str]:
    return {p.name for each in tree.find_all(exp.Lambda) for p in each.expressions}


def _outer(tree: exp.Expr) -> Iterator[exp.Expr]:
    """What is evaluated for the row itself, and not in a query that stands in the expression."""
    return (n for n in tree.walk() if not isinstance(n, exp.Query) and not n.parent_select)


def _check_names(tree: exp.Expr, types: Mapping[str, str]) -> None:
    """A name before a dot is a column that has parts, a variable, or a table of a query inside."""
    parts = {c for c, kind in types.items() if kind.startswith(_PARTS)} | _variables(tree)
    tables = {t.alias_or_name for t in tree.find_all(exp.Table, exp.Subquery, exp.CTE)}
    for column in tree.find_all(exp.Column):
        first = column.parts[0].name
        if column.table and first not in parts | (tables if column.parent_select else set()):
            raise ValueError(f"'{first}' of {column.sql()} is no column that has parts")


def _check_functions(tree: exp.Expr, of_groups: bool) -> None:
    for node in _outer(tree):
        shown = node.sql(dialect="databricks")[:60]
        anonymous = str(node.this).lower() if isinstance(node, exp.Anonymous) else ""
        if isinstance(node, exp.Window):
            raise ValueError(f"{shown}: no windows")
        if isinstance(node, exp.UDTF | exp.Explode | exp.Inline | exp.Stack):
            raise ValueError(f"{shown} makes several rows of one")
        if (isinstance(node, exp.AggFunc) or anonymous in _AGGREGATES) and not of_groups:
            raise ValueError(f"{shown} looks at several rows, and this is about one")
        if anonymous and anonymous not in _functions():
            raise ValueError(f"Spark has no function '{node.this}'")


@functools.cache
def _functions() -> frozenset[str]:
    """Spark's functions as pyspark names them; no Spark is started."""
    from pyspark.sql import functions

    return _OF_SQL | _AGGREGATES | {name.rstrip("_").lower() for name in dir(functions)}


def _check_boolean(tree: exp.Expr, types: Mapping[str, str]) -> None:
    select = exp.select(tree.copy()).from_("t")
    for column in select.find_all(exp.Column):
        if not column.table and column.parent_select is select:
            column.set("table", exp.to_identifier("t"))
    annotate_types(select, schema={"t": dict(types)}, dialect="databricks")
    parts = [select.expressions[0]]
    while parts:
        part = parts.pop()
        if isinstance(part, exp.And | exp.Or):
            parts += [part.left, part.right]
        elif isinstance(part, exp.Paren | exp.Not):
            parts.append(part.this)
        elif part.type and not part.is_type("boolean", "unknown", "null"):
            shown = part.sql(dialect="databricks").replace("t.", "")[:60]
            raise ValueError(f"{shown} is neither true nor false: a condition is expected")


def windowed(text: str, partition_by: str) -> str:
    """The expression with each of its aggregates taken over `partition_by` (SQL, with commas).

    Raises:
        ValueError: an aggregate of distinct values, or one with a FILTER, which Spark has no window
            for.
    """
    tree = sqlglot.parse_one(f"({text})", dialect="databricks")
    if tree.find(exp.Distinct):
        raise ValueError("DISTINCT is not possible over a group; use size(collect_set(...))")
    if tree.find(exp.Filter):
        raise ValueError("FILTER is not possible over a group; use count_if(...), sum(if(...))")
    template = sqlglot.parse_one(f"sum(1) OVER (PARTITION BY {partition_by})", dialect="databricks")
    for found in list(tree.find_all(exp.AggFunc)):
        if not found.find_ancestor(exp.AggFunc):
            over = template.copy()
            over.set("this", found.copy())
            found.replace(over)
    return tree.sql(dialect="databricks")
