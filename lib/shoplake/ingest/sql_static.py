"""What can be said of a mapping's Spark SQL without Spark: names, determinism, unsafe casts."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from shoplake.ingest.yaml_clauses import nearest

logging.getLogger("sqlglot").setLevel(logging.ERROR)

_UNSTEADY = (exp.Rand, exp.Randn, exp.Uuid, exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentUser)
_UNSTEADY_NAMES = (
    "now",
    "randn",
    "random",
    "shuffle",
    "curdate",
    "localtimestamp",
    "input_file_name",
    "monotonically_increasing_id",
    "spark_partition_id",
)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.IntDiv)
_TEXT_TYPES = (exp.DataType.Type.TEXT, exp.DataType.Type.VARCHAR, exp.DataType.Type.CHAR)


def sql_faults(sql: str, columns: tuple[str, ...]) -> list[str]:
    """Everything wrong with one expression over string columns, each with its remedy.

    A job must not fail on one bad value, and the same record must always give the same row; so
    casts that raise, division, aggregates, random numbers and clocks are refused.
    """
    try:
        kinds = [token.token_type for token in sqlglot.tokenize(sql, read="databricks")]
        if kinds.count(TokenType.L_PAREN) != kinds.count(TokenType.R_PAREN):
            return ["not a Spark SQL expression: its brackets do not match"]
        # The Databricks dialect tells CAST from TRY_CAST; Spark's takes both for the latter.
        tree = sqlglot.parse_one(sql, read="databricks")
    except SqlglotError as error:
        said = str(error).splitlines()[0] if str(error) else "it cannot be read"
        return [f"not a Spark SQL expression: {said}"]
    faults = [*_unknown_columns(tree, columns), *_unsteady(tree), *_unsafe(tree)]
    return list(dict.fromkeys(faults))


def _unknown_columns(tree: exp.Expr, columns: tuple[str, ...]) -> Iterator[str]:
    known = {c.lower() for c in columns}
    for column in tree.find_all(exp.Column):
        name = ".".join(part.name for part in column.parts)
        if isinstance(column.this, exp.Star):
            yield "'*' names no column"
        elif len(column.parts) > 1:
            yield f"'{name}' is not a column; write `{name}` in back quotes if it is one"
        elif name.lower() not in known:
            yield f"'{name}' is not in `columns`; {nearest(name, columns)}"


def _unsteady(tree: exp.Expr) -> Iterator[str]:
    for node in tree.walk():
        if isinstance(node, exp.Query | exp.Window | exp.AggFunc):
            yield "it may look at one record only; queries, windows and aggregates are not possible"
            return
        name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        if isinstance(node, _UNSTEADY) or name in _UNSTEADY_NAMES:
            yield f"{node.sql('spark')} changes from run to run; a record's row must not"


def _unsafe(tree: exp.Expr) -> Iterator[str]:
    for node in tree.walk():
        if isinstance(node, exp.TryCast):
            continue
        if isinstance(node, exp.Cast) and not node.is_type(*_TEXT_TYPES):
            yield f"{node.sql('databricks')} fails on a bad value; write TRY_CAST"
        elif isinstance(node, exp.Div) and not _is_safe_divisor(node.expression):
            yield "'/' fails on zero; write try_divide(a, b)"
        elif isinstance(node, _ARITHMETIC):
            for name in _bare_columns(node):
                yield f"'{name}' is text; write TRY_CAST({name} AS DECIMAL(18,4)) to calculate"
        elif isinstance(node, _COMPARISONS) and _has_number(node):
            for name in _bare_columns(node):
                yield f"'{name}' is text; write TRY_CAST({name} AS INT), or quote the number"


def _is_safe_divisor(node: exp.Expr) -> bool:
    return bool(isinstance(node, exp.Literal) and re.search("[1-9]", node.name))


def _bare_columns(node: exp.Expr) -> list[str]:
    return [child.name for child in node.iter_expressions() if isinstance(child, exp.Column)]


def _has_number(node: exp.Expr) -> bool:
    children = (c.this if isinstance(c, exp.Neg) else c for c in node.iter_expressions())
    return any(isinstance(c, exp.Literal) and not c.is_string for c in children)
