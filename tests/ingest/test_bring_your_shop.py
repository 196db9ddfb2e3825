"""docs/bring-your-shop.md is true: its files through its mapping give its tables."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from shoplake.ingest.apply import bad_records, to_bronze, unrouted
from shoplake.ingest.mapping import Mapping, load_mapping
from shoplake.ingest.reader import list_files, read_files
from shoplake.ingest.sql_trial import check_sql

PAGE = (Path(__file__).parents[2] / "docs" / "bring-your-shop.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shop(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Mapping, DataFrame]:
    folder = tmp_path_factory.mktemp("lamps")
    for name, content in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL):
        path = folder / ("data" if not name.endswith(".yml") else "") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    mapping = load_mapping(folder / "lamps.yml")
    return mapping, read_files(spark, list_files(spark, mapping, folder / "data"))


def table(entity: str) -> list[dict[str, str | None]]:
    text = PAGE.split(f"<!-- table: {entity} -->\n")[1].split("\n\n")[0]
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in text.splitlines()]
    return [dict(zip(cells[0], [c or None for c in row], strict=True)) for row in cells[2:]]


@pytest.mark.parametrize("entity", ["orders", "products", "events"])
def test_the_pages_tables_come_out(shop: tuple[Mapping, DataFrame], entity: str) -> None:
    mapping, records = shop
    [file] = [f for f in mapping.files if any(e.entity == entity for e in f.entities)]
    rows = to_bronze(records, mapping, file, entity).orderBy("_row").collect()
    told = table(entity)
    found = [{**row.asDict(), "_row": str(row["_row"])} for row in rows]
    assert [{name: row[name] for name in told[0]} for row in found] == told


def test_the_ragged_row_and_the_newsletter_are_held(shop: tuple[Mapping, DataFrame]) -> None:
    mapping, records = shop
    [bad] = bad_records(records).collect()
    assert (bad.row, bad.problem) == (5, "line 6: 4 fields where the header has 8")
    assert [r.row for r in unrouted(records, mapping, mapping.files[1]).collect()] == [3]


def test_the_pages_sql_is_sound(spark: SparkSession, shop: tuple[Mapping, DataFrame]) -> None:
    assert check_sql(spark, shop[0]) == []
