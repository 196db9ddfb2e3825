"""The Delta log keeps statistics of no column that identifies a person."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession

from shoplake.contracts.ddl import create_table
from shoplake.contracts.model import Column, Contract

OPEN = (Column("id", "string", True, 1), Column("price", "decimal(18,4)"), Column("ok", "boolean"))
CLOSED = (
    Column("person_key", "string", classification="pseudonym"),
    Column("mail", "string", classification="personal"),
)


def write(spark: SparkSession, folder: Path, columns: tuple[Column, ...]) -> str:
    """A row of each column's own name, and what the table's log says then."""
    spark.sql(create_table(Contract("silver.t", "1.0.0", "", "", columns, ()), f"delta.`{folder}`"))
    values = ", ".join(
        f"cast({'1' if c.type != 'string' else repr(c.name + '!')} AS {c.type})" for c in columns
    )
    spark.sql(f"INSERT INTO delta.`{folder}` VALUES ({values})")
    return "".join(p.read_text() for p in sorted((folder / "_delta_log").glob("*.json")))


def test_only_of_open_columns(spark: SparkSession, tmp_path: Path) -> None:
    log = write(spark, tmp_path / "t", OPEN + CLOSED)
    assert "id!" in log
    assert "person_key!" not in log
    assert "mail!" not in log


def test_of_none_where_all_are_closed(spark: SparkSession, tmp_path: Path) -> None:
    assert "mail!" not in write(spark, tmp_path / "t", CLOSED)
