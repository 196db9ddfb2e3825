"""A mapping's SQL tried by Spark on hostile values, before any file is read."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from shoplake.contracts.clauses import Problem
from shoplake.ingest.mapping_model import FileMapping, Mapping

HOSTILE = (None, "", " ", "abc", "0", "-1", "1.5", "1e999", "9" * 40, "2020-02-30", "{", "[1", "é")


@dataclass(frozen=True)
class _Sql:
    field: str
    line: int
    text: str
    type: str


def check_sql(spark: SparkSession, mapping: Mapping) -> list[Problem]:
    """What Spark has against the mapping's SQL: unknown functions, wrong types, and expressions
    that fail on a bad value instead of giving null, each with its line.
    """
    problems = []
    for i, file in enumerate(mapping.files):
        schema = StructType([StructField(name, StringType()) for name in file.columns])
        rows = spark.createDataFrame([(v,) * len(file.columns) for v in HOSTILE], schema)
        expressions = _expressions(file, f"files[{i}]")
        # One job when all is well; one for each expression only to find the culprits.
        if not expressions or _fault(rows, expressions) is None:
            continue
        for sql in expressions:
            fault = _fault(rows, [sql])
            if fault:
                problems.append(Problem(mapping.source, sql.line, sql.field, fault))
    return problems


def _expressions(file: FileMapping, at: str) -> list[_Sql]:
    found = []
    for entity in file.entities:
        path = f"{at}.entities.{entity.entity}"
        if entity.where is not None:
            found.append(_Sql(f"{path}.where", entity.line, entity.where, "boolean"))
        for column in entity.columns:
            if column.sql is not None:
                field = f"{path}.columns.{column.name}.sql"
                found.append(_Sql(field, column.line, column.sql, "string"))
    return found


def _fault(rows: DataFrame, expressions: list[_Sql]) -> str | None:
    names = [f"value{i}" for i in range(len(expressions))]
    try:
        tried = rows.select(
            *(F.expr(s.text).alias(n) for n, s in zip(names, expressions, strict=True))
        )
        for name, sql in zip(names, expressions, strict=True):
            kind = tried.schema[name].dataType.simpleString()
            if sql.type == "boolean" and kind != "boolean":
                return f"a condition is needed, and this is a {kind}"
            if kind.startswith(("struct", "array", "map", "binary")):
                return f"text is needed, and this is a {kind}; to_json(..) makes it text"
        tried.select(*(F.col(name).cast("string") for name in names)).collect()
    except PySparkException as error:
        return f"Spark refuses it: {_first_line(error)}"
    return None


def _first_line(error: PySparkException) -> str:
    line = str(error).strip().splitlines()[0]
    return line.split(" SQLSTATE")[0][:300]
