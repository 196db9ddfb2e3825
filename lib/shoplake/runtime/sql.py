"""SQL on a lake of folders without Spark: delta-rs and DataFusion answer in about a second."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import expressions as exp

from shoplake.errors import ShoplakeError
from shoplake.runtime.datafusion import check, spelled
from shoplake.runtime.lake import SCHEMAS, is_table
from shoplake.runtime.query_names import in_one_case, parse
from shoplake.runtime.settings import Settings

if TYPE_CHECKING:
    from deltalake import DeltaTable

Rows = list[dict[str, Any]]
#: Tables that stay as they were when they were opened, by name.
Opened = dict[str, "DeltaTable"]


class Answer(list[dict[str, Any]]):
    """The rows of an answer; it has its columns even where it has no row."""

    def __init__(self, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
        super().__init__(rows)
        self.columns = tuple(columns)

    def called(self, names: Mapping[str, str]) -> Answer:
        """The answer with other names of columns."""
        if not names:
            return self
        columns = [names.get(c, c) for c in self.columns]
        return Answer(columns, (dict(zip(columns, r.values(), strict=True)) for r in self))


def query(settings: Settings, sql: str) -> Answer:
    """Answer one SELECT over tables written as `schema.table`; names may be in capitals or not.

    Raises:
        ShoplakeError: the lake is not one of folders, the text is not one query, a table or
            column is unknown, two columns have one name, or the engine refuses it.
    """
    tree = parse(sql)
    check(tree)
    common = {cte.alias for cte in tree.find_all(exp.CTE)}
    known: dict[str, str] = {}
    for table in list(tree.find_all(exp.Table)):
        if not table.db and table.name in common:
            continue
        flat = f"{table.db}__{table.name}"
        known[flat] = f"{table.db}.{table.name}" if table.db else table.name
        alias = table.alias or table.name
        table.replace(exp.alias_(exp.to_table(flat), alias, table=True))
    opened: Opened = {}
    there = () if settings.catalog else known.values()
    schemas = [open_table(settings, table, opened).schema() for table in there]
    asked = in_one_case(tree, [field.name for schema in schemas for field in schema.fields])
    return execute(settings, spelled(tree), known, where=sql, opened=opened).called(asked)


def execute(
    settings: Settings,
    sql: str,
    known: Mapping[str, str],
    where: str,
    opened: Opened | None = None,
) -> Answer:
    """Run DataFusion's SQL.

    Args:
        settings: of a lake of folders.
        sql: a query.
        known: the names it reads tables by, each with its `schema.table`.
        where: the query as the reader wrote it, for errors.
        opened: tables to read as they were opened; others are opened and added.

    Raises:
        ShoplakeError: the lake is not one of folders, a table does not exist, two columns of the
            answer have one name, or the engine refuses the query.
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
        answer = engine.execute(sql)
        # Before any row is read: rows are mappings, so of two such columns one would be lost.
        names = _different(answer.schema.names, where)
        _refuse_intervals(answer.schema, where)
        result = answer.read_all()
    except ShoplakeError:
        raise
    except Exception as error:  # The engine's errors while it runs have no class of their own.
        raise _refusal(str(error), where) from None
    columns = [_values(result[i]) for i in range(len(names))]
    return Answer(names, (dict(zip(names, r, strict=True)) for r in zip(*columns, strict=True)))


def _different(names: Sequence[str], where: str) -> Sequence[str]:
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise ShoplakeError(
            f"several columns of the answer are called {', '.join(twice)}",
            where=where,
            remedy=f"name the columns and give each an alias: b.{twice[0]} AS b_{twice[0]}",
        )
    return names


def _refuse_intervals(schema: Any, where: str) -> None:
    """The engine's reader panics at one."""
    for field in schema:
        if type(field.type).is_interval(field.type):
            raise ShoplakeError(
                f"'{field.name}' is an interval, which cannot be shown",
                where=where,
                remedy="add it to a time, or take datediff of two",
            )


def _refusal(message: str, where: str) -> ShoplakeError:
    if "require unique expression names" in message:
        return ShoplakeError(
            "two columns of the answer are the same expression",
            where=where,
            remedy="give each an alias: count(*) AS n",
        )
    unknown = re.search(r"Invalid function '(\w+)'", message)
    if unknown:
        return ShoplakeError(
            f"without Spark there is no function '{unknown[1]}'",
            where=where,
            remedy="https://datafusion.apache.org/user-guide/sql/scalar_functions.html lists those "
            "there are",
        )
    return ShoplakeError(f"the query failed: {message[:600]}", where=where)


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


def _values(column: Any) -> list[Any]:
    return [value.as_py() for value in column]


def render(rows: Answer, form: str) -> str:
    """An answer as `csv` or `json` text; times as ISO 8601.

    JSON has no NaN and no infinity: they become text, as in Spark's `to_json`.
    """
    if form == "json":
        return json.dumps(_finite(rows), default=str, ensure_ascii=False, indent=2, allow_nan=False)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, rows.columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().rstrip("\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value


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
