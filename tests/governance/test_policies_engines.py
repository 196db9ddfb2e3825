"""One corpus of roles, tables and queries gives equal rows on every engine.

The engines: DataFusion (`shoplake sql --as`), Spark's views, and the functions made for Unity
Catalog, run as Spark SQL functions with `is_account_group_member` and `secret` standing in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from policy_lake import KEY, book, make_lake, policies
from pyspark.sql import SparkSession

from shoplake.errors import PolicyError
from shoplake.governance.policies.ask import query_as
from shoplake.governance.policies.masks import hashed, mask_key
from shoplake.governance.policies.unity import TablePolicy, Unity
from shoplake.governance.policies.views import RoleViews
from shoplake.runtime.lake import Lake
from shoplake.runtime.settings import Settings

GROUPS = {"admin": "admins", "engineer": "engineers", "blurred": "blurred"} | {
    "marketing": "marketing",
    "public": "everybody",
}
TABLES = ("bronze.people", "silver.people", "silver.orders", "silver.products")
Answer = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_lake(tmp_path_factory.mktemp("engines"))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", KEY)


@pytest.fixture(scope="module")
def unity(lake: Settings) -> Unity:
    settings = dataclasses.replace(lake, catalog="main")
    return Unity(settings, policies(Path(lake.lake).parent), book())


@pytest.fixture
def catalog(
    spark: SparkSession, lake: Settings, unity: Unity
) -> Callable[[str, str], list[dict[str, Any]]]:
    """A table as a member of a role's group reads it under Unity Catalog."""
    secret = f"RETURN '{mask_key(KEY.encode())}'"
    spark.sql(
        "CREATE OR REPLACE TEMPORARY FUNCTION secret(s STRING, k STRING) RETURNS STRING " + secret
    )
    tables = Lake(spark, lake)

    def plain(text: str) -> str:
        """Temporary functions and views have no schema."""
        return text.replace("`main`.`silver`.`people`", "raw_silver_people")

    def read(role: str, table: str) -> list[dict[str, Any]]:
        spark.sql(
            "CREATE OR REPLACE TEMPORARY FUNCTION is_account_group_member(g STRING) "
            f"RETURNS BOOLEAN RETURN g = '{GROUPS[role]}'"
        )
        tables.read("silver.people").createOrReplaceTempView("raw_silver_people")
        policy = unity.table(book()[table])
        assert GROUPS[role] in policy.readers
        for function in _functions(policy):
            spark.sql(plain(function.create(function.name, "TEMPORARY FUNCTION")))
        columns = [
            f"{policy.masks[c].name}({c}) AS {c}" if c in policy.masks else c
            for c in policy.contract.column_names
        ]
        rows = "true"
        if policy.filter:
            rows = f"{policy.filter.name}({', '.join(n for n, _ in policy.filter.parameters)})"
        tables.read(table).createOrReplaceTempView("raw")
        sql = f"SELECT {', '.join(columns)} FROM raw WHERE {rows}"
        return [r.asDict(recursive=True) for r in spark.sql(sql).collect()]

    return read


def _functions(policy: TablePolicy) -> list[Any]:
    made = [*policy.masks.values(), *([policy.filter] if policy.filter else [])]
    return list({f.name: f for f in made}.values())


def _plain(rows: list[dict[str, Any]]) -> Answer:
    """Rows that compare: times without zone, as Spark hands them over."""

    def value(v: Any) -> Any:
        return v.replace(tzinfo=None) if getattr(v, "tzinfo", None) else v

    return sorted((tuple(map(value, r.values())) for r in rows), key=repr)


CASES = [
    ("admin", "bronze.people"),
    ("engineer", "bronze.people"),
    *(("blurred", table) for table in TABLES),
    ("marketing", "silver.people"),
    ("marketing", "silver.orders"),
    ("marketing", "bronze.people"),
    ("public", "silver.products"),
    ("public", "silver.orders"),
]


@pytest.mark.parametrize(("role", "table"), CASES)
def test_whole_tables(
    spark: SparkSession,
    lake: Settings,
    catalog: Callable[[str, str], list[dict[str, Any]]],
    unity: Unity,
    role: str,
    table: str,
) -> None:
    known, every = policies(Path(lake.lake).parent), book()
    views = RoleViews(Lake(spark, lake), known, every, role)
    try:
        asked = query_as(lake, known, every, role, f"SELECT * FROM {table}")
    except PolicyError:
        with pytest.raises(PolicyError):
            views.table(table)
        assert GROUPS[role] in unity.table(every[table]).barred
        return
    local = [r.asDict(recursive=True) for r in views.table(table).collect()]
    assert asked
    assert _plain(local) == _plain(asked)
    assert _plain(catalog(role, table)) == _plain(asked)


def test_masks_show_what_they_say(lake: Settings) -> None:
    known, every = policies(Path(lake.lake).parent), book()

    def ask(role: str, sql: str) -> Answer:
        return [tuple(r.values()) for r in query_as(lake, known, every, role, sql)]

    people = ask("blurred", "SELECT name, email, _raw FROM bronze.people ORDER BY _row_id")
    assert people[:2] == [("***h", "a***ple", None), ("***l", "b***ple", None)]
    assert people[4:] == [("***t", "***", None), ("***英", "***", None)]
    sql = "SELECT birth_decade, signed_up_on, platforms FROM silver.people ORDER BY row_id"
    decades = [(r[0], str(r[1]), r[2]) for r in ask("blurred", sql)]
    assert decades[:3] == [
        (1980, "2024-01-01", None),
        (1980, "2024-01-01", None),
        (-2000, "2024-01-01", None),
    ]
    sql = "SELECT amount, quantity, ordered_at FROM silver.orders WHERE order_id = 'o1'"
    amount, quantity, at = ask("blurred", sql)[0]
    assert (amount, quantity, at.day, at.hour) == (Decimal("90.0000"), 5, 1, 0)
    key = hashed("p1", mask_key(KEY.encode()))
    assert ask("blurred", "SELECT person_key FROM silver.people ORDER BY row_id LIMIT 1") == [
        (key,)
    ]
    assert ask("marketing", "SELECT person_key FROM silver.people ORDER BY 1") == [
        ("p1",),
        ("p2",),
        ("p4",),
    ]
    assert len(ask("marketing", "SELECT * FROM silver.orders")) == 4


GROUPED = [
    "SELECT country, count(*) AS n, sum(amount) AS s FROM silver.orders GROUP BY country",
    "SELECT p.name AS name, round(sum(o.amount) / count(o.order_id), 2) AS each, "
    "count(DISTINCT person_key) AS n FROM silver.orders o "
    "JOIN silver.products p ON p.product_id = o.product_id GROUP BY p.name HAVING sum(quantity) > 0",
    "SELECT year(ordered_at) AS y, approx_count_distinct(product_id) AS n, avg(quantity) AS q "
    "FROM silver.orders WHERE ordered_at >= DATE '2024-03-04' GROUP BY year(ordered_at)",
    "WITH t AS (SELECT CASE WHEN quantity > 2 THEN 'many' ELSE 'few' END AS size, count(*) AS n "
    "FROM silver.orders GROUP BY size) SELECT sum(n) AS n, count(*) AS sizes FROM t",
]


@pytest.mark.parametrize("sql", GROUPED)
def test_groups(spark: SparkSession, lake: Settings, sql: str) -> None:
    known, every = policies(Path(lake.lake).parent), book()
    asked = query_as(lake, known, every, "analyst", sql)
    local = RoleViews(Lake(spark, lake), known, every, "analyst").sql(sql).collect()
    numbers = [{k: _number(v) for k, v in r.items()} for r in asked]
    assert _plain([{k: _number(v) for k, v in r.asDict().items()} for r in local]) == _plain(
        numbers
    )


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int | Decimal) else value


def test_queries_on_views(spark: SparkSession, lake: Settings) -> None:
    sql = """
        WITH seen AS (SELECT o.*, p.country AS home FROM silver.orders o
                      LEFT JOIN silver.people p ON p.person_key = o.person_key)
        SELECT home, sum(quantity) AS n FROM seen WHERE amount < 4000 GROUP BY home
        UNION ALL SELECT '{"brace"}', count(*) FROM silver.people
    """
    known, every = policies(Path(lake.lake).parent), book()
    local = RoleViews(Lake(spark, lake), known, every, "marketing").sql(sql).collect()
    asked = query_as(lake, known, every, "marketing", sql)
    assert len(asked) == 3
    assert _plain([r.asDict() for r in local]) == _plain(asked)


def test_a_view_for_one_person(spark: SparkSession, lake: Settings) -> None:
    known, every = policies(Path(lake.lake).parent), book()
    views = RoleViews(Lake(spark, lake), known, every, "assistant", "p1")
    assert {r.person_key for r in views.table("silver.orders").collect()} == {"p1"}
    with pytest.raises(PolicyError, match="one person"):
        RoleViews(Lake(spark, lake), known, every, "assistant")


def test_a_role_of_groups_gets_no_rows_about_people(spark: SparkSession, lake: Settings) -> None:
    views = RoleViews(Lake(spark, lake), policies(Path(lake.lake).parent), book(), "analyst")
    with pytest.raises(PolicyError, match="groups of 3"):
        views.table("silver.orders")
    assert views.table("silver.products").count() == 3


def test_the_key_is_in_no_plan(spark: SparkSession, lake: Settings) -> None:
    views = RoleViews(Lake(spark, lake), policies(Path(lake.lake).parent), book(), "blurred")
    plan = views.table("silver.people")._jdf.queryExecution().toString()
    assert "person_key" in plan
    assert mask_key(KEY.encode()) not in plan
