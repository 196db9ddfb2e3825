"""SQL on a lake of folders without Spark: delta-rs and DataFusion answer in about a second."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import expressions as exp

from shoplake.errors import ShoplakeError
from shoplake.runtime.lake import SCHEMAS
from shoplake.runtime.settings import Settings

Rows = list[dict[str, Any]]


def query(settings: Settings, sql: str) -> Rows:
    """Answer one SELECT over tables written as `schema.table`.

    Raises:
        ShoplakeError: the lake is not one of folders, the text is not one query, a table or
            column is unknown, or the engine refuses it.
    """
    if settings.catalog:
        raise ShoplakeError(
            "`shoplake sql` reads a lake of folders",
            remedy="under Unity Catalog, use its SQL editor",
        )
    from deltalake import DeltaTable, QueryBuilder
    from deltalake.exceptions import DeltaError

    tree = _parse(sql)
    engine = QueryBuilder()
    common = {cte.alias for cte in tree.find_all(exp.CTE)}
    known: set[str] = set()
    for table in list(tree.find_all(exp.Table)):
        if not table.db and table.name in common:
            continue
        folder = settings.root / f"{settings.schema_prefix}{table.db}" / table.name
        if table.db not in SCHEMAS or not (folder / "_delta_log").is_dir():
            there = ", ".join(tables(settings)) or "none yet; run `shoplake run` first"
            raise ShoplakeError(f"no table '{table.sql()}'", where=str(settings.root), remedy=there)
        flat = f"{table.db}__{table.name}"
        if flat not in known:
            engine.register(flat, DeltaTable(str(folder)))
            known.add(flat)
        alias = table.alias or table.name
        table.replace(exp.alias_(exp.to_table(flat), alias, table=True))
    try:
        # Postgres' spelling is the one DataFusion understands.
        result = engine.execute(tree.sql(dialect="postgres")).read_all()
    except DeltaError as error:
        raise ShoplakeError(f"the query failed: {str(error)[:600]}", where=sql) from None
    names = result.schema.names
    columns = [_values(result[i]) for i in range(len(names))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def tables(settings: Settings) -> list[str]:
    """Names of the tables of a lake of folders."""
    found = []
    for schema in SCHEMAS:
        folder = settings.root / f"{settings.schema_prefix}{schema}"
        found += [
            f"{schema}.{p.name}" for p in sorted(folder.glob("*")) if (p / "_delta_log").is_dir()
        ]
    return found


def _parse(sql: str) -> exp.Query:
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
