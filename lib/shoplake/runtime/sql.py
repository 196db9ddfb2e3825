"""SQL on a lake of folders without Spark: delta-rs and DataFusion answer in about a second."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import sqlglot
from sqlglot import expressions as exp
from sqlglot.dialects.postgres import Postgres

from shoplake.errors import ShoplakeError
from shoplake.runtime.lake import SCHEMAS, is_table
from shoplake.runtime.settings import Settings

if TYPE_CHECKING:
    from deltalake import DeltaTable

Rows = list[dict[str, Any]]
#: Tables that stay as they were when they were opened, by name.
Opened = dict[str, "DeltaTable"]


class _DataFusion(Postgres):
    """Postgres' spelling, which DataFusion understands, with casts that give null."""

    class Generator(Postgres.Generator):  # type: ignore[misc, valid-type]
        """Writes SQL."""

        TRANSFORMS: ClassVar[dict[Any, Any]] = {
            **Postgres.Generator.TRANSFORMS,
            exp.TryCast: lambda self, e: self.trycast_sql(e),
        }


def spelled(tree: exp.Expr) -> str:
    """The tree as DataFusion's SQL."""
    return tree.sql(dialect=_DataFusion, comments=False)


def query(settings: Settings, sql: str) -> Rows:
    """Answer one SELECT over tables written as `schema.table`.

    Raises:
        ShoplakeError: the lake is not one of folders, the text is not one query, a table or
            column is unknown, or the engine refuses it.
    """
    tree = parse(sql)
    common = {cte.alias for cte in tree.find_all(exp.CTE)}
    known: dict[str, str] = {}
    for table in list(tree.find_all(exp.Table)):
        if not table.db and table.name in common:
            continue
        flat = f"{table.db}__{table.name}"
        known[flat] = f"{table.db}.{table.name}" if table.db else table.name
        alias = table.alias or table.name
        table.replace(exp.alias_(exp.to_table(flat), alias, table=True))
    return execute(settings, spelled(tree), known, where=sql)


def execute(
    settings: Settings,
    sql: str,
    known: Mapping[str, str],
    where: str,
    opened: Opened | None = None,
) -> Rows:
    """Run DataFusion's SQL.

    Args:
        settings: of a lake of folders.
        sql: a query.
        known: the names it reads tables by, each with its `schema.table`.
        where: the query as the reader wrote it, for errors.
        opened: tables to read as they were opened; others are opened and added.

    Raises:
        ShoplakeError: the lake is not one of folders, a table does not exist, or the engine
            refuses the query.
    """
    if settings.catalog:
        raise ShoplakeError(
            "`shoplake sql` reads a lake of folders",
            remedy="under Unity Catalog, use its SQL editor",
        )
    from deltalake import QueryBuilder

    engine = QueryBuilder()
    for name, table in known.items():
        engine.register(name, open_table(settings, table, {} if opened is None else opened))
    try:
        result = engine.execute(sql).read_all()
    except Exception as error:  # The engine's errors while it runs have no class of their own.
        raise ShoplakeError(f"the query failed: {str(error)[:600]}", where=where) from None
    names = result.schema.names
    columns = [_values(result[i]) for i in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def open_table(settings: Settings, table: str, opened: Opened) -> DeltaTable:
    """A table as it was opened before, else as it is now.

    Raises:
        ShoplakeError: it does not exist.
    """
    from deltalake import DeltaTable

    if table not in opened:
        folder = table_folder(settings, table)
        if table.rpartition(".")[0] not in SCHEMAS or not is_table(folder):
            there = ", ".join(tables(settings)) or "none yet; run `shoplake run` first"
            raise ShoplakeError(f"no table '{table}'", where=str(settings.root), remedy=there)
        opened[table] = DeltaTable(str(folder))
    return opened[table]


def table_folder(settings: Settings, table: str) -> Path:
    """Where `schema.table` lies in a lake of folders."""
    schema, _, short = table.rpartition(".")
    return settings.root / f"{settings.schema_prefix}{schema}" / short


def tables(settings: Settings) -> list[str]:
    """Names of the tables of a lake of folders."""
    found = []
    for schema in SCHEMAS:
        folder = settings.root / f"{settings.schema_prefix}{schema}"
        found += [f"{schema}.{p.name}" for p in sorted(folder.glob("*")) if is_table(p)]
    return found


def parse(sql: str) -> exp.Query:
    """One query as a tree.

    Raises:
        ShoplakeError: the text is not one query.
    """
    try:
        statements = [s for s in sqlglot.parse(sql, dialect="databricks") if s is not None]
    except sqlglot.ParseError as error:
        raise ShoplakeError(f"not SQL: {error}", where=sql) from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise ShoplakeError("one SELECT at a time, and nothing that writes", where=sql)
    return statements[0]


def _values(column: Any) -> list[Any]:
    return [value.as_py() for value in column]


def render(rows: Rows, form: str) -> str:
    """Rows as `csv` or `json` text; times as ISO 8601."""
    if form == "json":
        return json.dumps(rows, default=str, ensure_ascii=False, indent=2)
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return buffer.getvalue().rstrip("\n")


def lake_folder(settings: Settings) -> Path:
    """The lake's folder.

    Raises:
        ShoplakeError: it does not exist yet.
    """
    if not settings.root.is_dir():
        raise ShoplakeError(
            "there is no lake here", where=str(settings.root), remedy="run `shoplake run` first"
        )
    return settings.root
