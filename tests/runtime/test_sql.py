from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from shoplake.errors import ShoplakeError
from shoplake.runtime.settings import Settings, load
from shoplake.runtime.sql import query, render


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    people = pa.table({"id": ["a", "b"], "age": [3, 5]})
    orders = pa.table({"id": ["a", "a", "b"], "units": [1, 2, 4]})
    write_deltalake(str(tmp_path / "silver" / "people"), people)
    write_deltalake(str(tmp_path / "gold" / "orders"), orders)
    return dataclasses.replace(load("local"), lake=str(tmp_path))


def test_tables_of_two_schemas_join(settings: Settings) -> None:
    sql = """
        SELECT p.id, sum(o.units) AS units FROM silver.people p
        JOIN gold.orders o ON o.id = p.id GROUP BY p.id ORDER BY p.id
    """
    assert query(settings, sql) == [{"id": "a", "units": 3}, {"id": "b", "units": 4}]


def test_full_table_name_qualifies_columns(settings: Settings) -> None:
    assert query(settings, "SELECT people.age FROM silver.people WHERE people.id = 'b'") == [
        {"age": 5}
    ]


def test_common_table_expression_is_not_a_table(settings: Settings) -> None:
    sql = "WITH old AS (SELECT * FROM silver.people WHERE age > 4) SELECT id FROM old"
    assert query(settings, sql) == [{"id": "b"}]


def test_a_table_may_stand_twice(settings: Settings) -> None:
    sql = "SELECT id FROM silver.people WHERE age = (SELECT max(age) FROM silver.people)"
    assert query(settings, sql) == [{"id": "b"}]


def test_databricks_spelling_is_understood(settings: Settings) -> None:
    assert query(settings, "SELECT `id` FROM silver.people WHERE age <=> 3") == [{"id": "a"}]


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM gold.nothing", "no table 'gold.nothing'"),
        ("SELECT * FROM people", "no table 'people'"),
        ("SELECT colour FROM silver.people", "No field named"),
        ("DROP TABLE silver.people", "one SELECT at a time"),
        ("SELECT 1; SELECT 2", "one SELECT at a time"),
        ("SELECT (", "not SQL"),
        ("SELECT 'a", "not SQL"),
    ],
)
def test_mistakes_are_told(settings: Settings, sql: str, message: str) -> None:
    with pytest.raises(ShoplakeError, match=message):
        query(settings, sql)


def test_csv_and_json_hold_the_same(settings: Settings) -> None:
    rows = query(settings, "SELECT * FROM silver.people ORDER BY id")
    assert render(rows, "csv") == "id,age\na,3\nb,5"
    assert render(rows, "json").split() == [
        "[",
        "{",
        '"id":',
        '"a",',
        '"age":',
        "3",
        "},",
        "{",
        '"id":',
        '"b",',
        '"age":',
        "5",
        "}",
        "]",
    ]


def test_columns_of_one_name_are_refused(settings: Settings) -> None:
    sql = "SELECT p.id, o.id FROM silver.people p JOIN gold.orders o ON o.id = p.id"
    with pytest.raises(ShoplakeError, match=r"(?s)called id.*alias"):
        query(settings, sql)
    with pytest.raises(ShoplakeError, match="called id"):
        query(settings, "SELECT * FROM silver.people p JOIN gold.orders o ON o.id = p.id")
    named = query(settings, sql.replace("o.id FROM", "o.id AS other FROM") + " WHERE o.id = 'b'")
    assert named == [{"id": "b", "other": "b"}]


def test_names_of_tables_may_be_in_capitals(settings: Settings) -> None:
    assert query(settings, "SELECT PEOPLE.age FROM Silver.PEOPLE WHERE id = 'a'") == [{"age": 3}]
    assert query(settings, "WITH Old AS (SELECT 1 AS x) SELECT x FROM old") == [{"x": 1}]


def test_names_of_columns_may_be_in_capitals(settings: Settings) -> None:
    sql = """
        SELECT P.ID AS Who, sum(o.Units) AS Total FROM silver.people P JOIN gold.orders o USING (Id)
        GROUP BY p.id HAVING total > 3 ORDER BY WHO
    """
    assert query(settings, sql) == [{"Who": "b", "Total": 4}]
    inner = "SELECT Years FROM (SELECT age AS YEARS FROM silver.people WHERE Id = 'a')"
    assert query(settings, inner) == [{"years": 3}]


def test_capitals_of_a_table_are_kept(settings: Settings) -> None:
    write_deltalake(str(settings.root / "silver" / "caps"), pa.table({"Größe": [4]}))
    assert query(settings, "SELECT größe FROM silver.caps WHERE `GRÖßE` = 4") == [{"Größe": 4}]


def test_a_column_without_a_name_is_called_as_it_is_asked_for(settings: Settings) -> None:
    (row,) = query(
        settings,
        "SELECT COUNT(*), year(DATE'2024-01-01') + 1, p.age FROM silver.people p"
        " WHERE p.id = 'a' GROUP BY p.age",
    )
    assert list(row) == ["count(*)", "year(cast('2024-01-01' as date)) + 1", "age"]


def test_different_values_may_be_in_order(settings: Settings) -> None:
    sql = "SELECT DISTINCT upper(id) FROM gold.orders ORDER BY upper(id)"
    assert [list(row.values()) for row in query(settings, sql)] == [["A"], ["B"]]


def test_a_column_that_is_asked_for_twice_is_told(settings: Settings) -> None:
    with pytest.raises(ShoplakeError, match="the same expression"):
        query(settings, "SELECT nvl(age, 0), coalesce(age, 0) FROM silver.people")


def test_an_empty_answer_has_a_header(settings: Settings) -> None:
    assert render(query(settings, "SELECT id, age FROM silver.people WHERE age > 9"), "csv") == (
        "id,age"
    )


def test_json_has_no_nan(settings: Settings) -> None:
    sql = "SELECT CAST('NaN' AS DOUBLE) AS a, array(CAST('-Infinity' AS DOUBLE)) AS b"
    strict = json.loads(render(query(settings, sql), "json"), parse_constant=pytest.fail)
    assert strict == [{"a": "NaN", "b": ["-Infinity"]}]
