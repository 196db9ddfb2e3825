"""A query as a tree, and the names in it: Spark does not tell large letters from small ones."""

from __future__ import annotations

from collections.abc import Iterable

import sqlglot
from sqlglot import expressions as exp
from sqlglot.errors import SqlglotError

from shoplake.errors import ShoplakeError
from shoplake.runtime.datafusion_times import Spelling

_OF_TABLES = {(exp.Table, "this"), (exp.Table, "db"), (exp.TableAlias, "this"),
              (exp.Column, "table"), (exp.Column, "db")}  # fmt: skip


def parse(sql: str) -> exp.Query:
    """One query as a tree, without hints; names of tables are in small letters.

    Columns of the answer without a name are called as they are asked for.

    Raises:
        ShoplakeError: the text is not one query.
    """
    try:
        statements = [s for s in sqlglot.parse(sql, dialect=Spelling) if s is not None]
    except SqlglotError as error:  # A text that does not end is no ParseError.
        raise ShoplakeError(f"not SQL: {error}", where=sql) from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ShoplakeError(
            "one SELECT at a time, and nothing that writes",
            where=sql,
            remedy="`shoplake status` lists the tables, `SELECT * ... LIMIT 1` shows columns",
        )
    for select in statements[0].find_all(exp.Select):
        select.set("hint", None)
    # Spark does not tell large letters from small ones, DataFusion does.
    for node in statements[0].find_all(exp.Table, exp.TableAlias, exp.Column):
        named = ("table", "db") if isinstance(node, exp.Column) else ("this", "db")
        for name in (node.args.get(n) for n in named):
            if isinstance(name, exp.Identifier):
                name.set("this", name.name.lower())
    outer = _outer(statements[0])
    for e in list(outer.expressions):
        if not isinstance(e, exp.Alias | exp.Aliases | exp.Column) and not e.is_star:
            text = e.sql(dialect="databricks", comments=False).lower()
            e.replace(exp.alias_(e.copy(), text, quoted=True))
    if outer.args.get("distinct"):
        _order_by_names(outer)
    return statements[0]


def _order_by_names(select: exp.Expr) -> None:
    """DataFusion has different values in order of a column alone, not of what it is made of."""
    order = select.args.get("order")
    for by in order.expressions if order else ():
        for e in select.expressions:
            if isinstance(e, exp.Alias) and e.this == by.this:
                by.set("this", exp.column(e.alias, quoted=True))


def _outer(tree: exp.Expr) -> exp.Expr:
    """The SELECT that the columns of the answer have their names from."""
    while isinstance(tree, exp.SetOperation | exp.Subquery):
        tree = tree.this
    return tree


def in_one_case(tree: exp.Query, columns: Iterable[str]) -> dict[str, str]:
    """Spell each name as the tables do, else in small letters: DataFusion tells letters apart.

    Args:
        tree: of `parse`; changed in place.
        columns: of the tables.

    Returns:
        How the query calls columns of its answer that the tree now calls otherwise.
    """
    spelling = {name.lower(): name for name in columns}
    asked: dict[str, str] = {}
    outer = _outer(tree)
    for node in tree.find_all(exp.Identifier):
        # Tables are in small letters already; of a struct the engine alone knows the fields.
        if (type(node.parent), node.arg_key) in _OF_TABLES or isinstance(node.parent, exp.Dot):
            continue
        lower = node.name.lower()
        name = spelling.get(lower, lower)
        if name != node.name and isinstance(node.parent, exp.Alias) and node.parent.parent is outer:
            asked[name] = node.name
        node.set("this", name)
        node.set("quoted", node.quoted or name != lower)
    return asked
