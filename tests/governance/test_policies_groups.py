"""A role with a smallest group learns of groups only, whatever it asks."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from policy_lake import KEY, book, make_lake, policies, write

from shoplake.errors import PolicyError
from shoplake.governance.policies.ask import query_as
from shoplake.runtime.settings import Settings, load
from shoplake.runtime.sql import Rows


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_lake(tmp_path_factory.mktemp("groups"))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", KEY)


@pytest.fixture
def ask(lake: Settings) -> Callable[[str], Rows]:
    known = policies(Path(lake.lake).parent)
    return lambda sql: query_as(lake, known, book(), "analyst", sql)


def test_a_group_of_two_is_not_there(ask: Callable[[str], Rows]) -> None:
    sql = "SELECT country, count(*) AS n FROM silver.people GROUP BY country"
    assert ask(sql) == [{"country": "France", "n": 3}]


def test_a_value_that_two_people_have_is_not_there(ask: Callable[[str], Rows]) -> None:
    sql = "SELECT count(*) AS n, count(birth_decade) AS d FROM silver.people WHERE country <> 'Iceland'"
    assert ask(sql) == [{"n": 5, "d": 4}]
    sql = "SELECT count(*) AS n, avg(birth_decade) AS d FROM silver.people WHERE consent IS NULL OR country = 'France'"
    assert ask(sql)[0]["d"] == pytest.approx(1980 / 3)
    # Of the three in France two agreed or disagreed knowingly; of Spain one said nothing.
    sql = "SELECT count(*) AS n, sum(birth_decade) AS d FROM silver.people WHERE birth_decade IS NULL OR birth_decade > 1980 OR country = 'Iceland'"
    assert ask(sql) == [{"n": 3, "d": None}]


def test_rows_of_nobody_make_no_group(ask: Callable[[str], Rows]) -> None:
    sql = "SELECT order_date, count(*) AS n FROM silver.orders GROUP BY order_date"
    assert ask(sql) == []


def test_tables_not_about_people_are_open(ask: Callable[[str], Rows]) -> None:
    assert len(ask("SELECT DISTINCT name FROM silver.products")) == 3


def test_columns_are_called_as_asked_for(ask: Callable[[str], Rows]) -> None:
    (row,) = ask(
        "SELECT country, count(*), COUNT(DISTINCT person_key) FROM silver.people GROUP BY 1"
    )
    assert list(row) == ["country", "count(*)", "count(distinct person_key)"]


REFUSED = [
    # rows
    ("SELECT * FROM silver.orders", "lists rows"),
    ("SELECT country FROM silver.people", "lists rows"),
    ("SELECT DISTINCT country FROM silver.people", "DISTINCT"),
    ("SELECT 1 FROM silver.people LIMIT 1", "lists rows"),
    (
        "SELECT count(*) FROM silver.people UNION ALL SELECT birth_decade FROM silver.people",
        "lists",
    ),
    ("WITH t AS (SELECT * FROM silver.people) SELECT count(*) FROM t", "lists rows"),
    ("SELECT count(*) FROM (SELECT * FROM silver.people) t", "lists rows"),
    (
        "SELECT count(*) FROM silver.products WHERE EXISTS (SELECT 1 FROM silver.people)",
        "lists rows",
    ),
    ("SELECT (SELECT country FROM silver.people LIMIT 1)", "lists rows"),
    ("SELECT *, count(*) FROM silver.people", "neither"),
    ("SELECT people.*, count(*) FROM silver.people GROUP BY country", "neither"),
    ("SELECT country, count(*) OVER (PARTITION BY country) FROM silver.people", "neither"),
    ("SELECT count(*) OVER () FROM silver.people GROUP BY country", "neither"),
    (
        "SELECT country FROM silver.people GROUP BY country QUALIFY row_number() OVER (ORDER BY country) = 1",
        "QUALIFY",
    ),
    # aggregates that show one value
    *[
        (f"SELECT {f} FROM silver.orders", "one person's value")
        for f in (
            "max(amount)",
            "min(ordered_at)",
            "any_value(country)",
            "first(country)",
            "array_agg(country)",
            "collect_list(country)",
            "string_agg(country, ',')",
            "median(amount)",
            "percentile_approx(amount, 0.99)",
            "max_by(country, amount)",
            "count_if(country = 'Iceland')",
        )
    ],
    # groups of one within a group of many
    ("SELECT sum(CASE WHEN country = 'Iceland' THEN amount END) FROM silver.orders", "one column"),
    ("SELECT count(*) FILTER (WHERE country = 'Iceland') FROM silver.orders", "neither"),
    ("SELECT count(nullif(country, 'France')) FROM silver.orders", "one column"),
    ("SELECT sum(amount * amount) FROM silver.orders", "one column"),
    ("SELECT count(DISTINCT country, product_id) FROM silver.orders", "one column"),
    ("SELECT country, count(*) FROM silver.people GROUP BY ROLLUP (country)", "GROUP BY"),
    ("SELECT country, count(*) FROM silver.people GROUP BY country WITH CUBE", "GROUP BY"),
    (
        "SELECT country, count(*) FROM silver.people GROUP BY GROUPING SETS ((country), ())",
        "GROUP BY",
    ),
    # picking out one
    ("SELECT person_key, count(*) FROM silver.orders GROUP BY person_key", "picks out"),
    ("SELECT PERSON_KEY, count(*) FROM silver.orders GROUP BY 1", "picks out"),
    ("SELECT count(*) FROM silver.orders WHERE person_key <> 'p6'", "picks out"),
    ("SELECT count(*) FROM silver.orders WHERE order_line_id <> 'l6'", "picks out"),
    ("SELECT count(*) FROM silver.orders GROUP BY order_id", "picks out"),
    (
        "SELECT country, count(*) FROM silver.orders GROUP BY country HAVING person_key = 'p6'",
        "neither",
    ),
    ("SELECT country FROM silver.people GROUP BY country ORDER BY amount", "none of the tables"),
    ("SELECT sum(person_key) FROM silver.orders", "picks out"),
    ("SELECT count(*) FROM silver.orders AS o(a, b)", "by name"),
    # joins that count one person many times
    (
        "SELECT count(*) FROM silver.orders o LEFT JOIN silver.products p ON o.country = 'Iceland'",
        "compare columns",
    ),
    (
        "SELECT count(*) FROM silver.orders o JOIN silver.products p ON o.product_id > p.product_id",
        "compare columns",
    ),
    (
        "SELECT count(*) FROM silver.orders o JOIN silver.people p ON o.country = o.product_id",
        "two tables",
    ),
    ("SELECT count(*) FROM silver.orders, silver.products", "JOIN"),
    ("SELECT count(*) FROM silver.orders CROSS JOIN silver.products", "JOIN"),
    ("SELECT count(*) FROM silver.orders NATURAL JOIN silver.people", "JOIN"),
    (
        "SELECT count(*) FROM silver.orders o JOIN (VALUES ('p6'), ('p6')) v(k) ON v.k = o.person_key",
        "tables of the lake",
    ),
    (
        "WITH v AS (SELECT 'p6' AS k) SELECT count(*) FROM silver.orders o JOIN v ON v.k = o.person_key",
        "lake",
    ),
    ("SELECT count(*) FROM silver.orders, LATERAL (SELECT 1) x", "lake"),
    ("SELECT count(*) FROM silver.orders LATERAL VIEW explode(array(1, 2)) e AS x", "LATERALS"),
    # sub-queries in the conditions
    (
        "SELECT count(*) FROM silver.orders WHERE product_id IN (SELECT product_id FROM silver.products)",
        "sub-queries",
    ),
    (
        "SELECT name, (SELECT count(*) FROM silver.orders o WHERE o.product_id = p.product_id) FROM silver.products p",
        "none of the tables",
    ),
    # what fails on some values only
    ("SELECT count(*) FROM silver.people WHERE CAST(country AS INT) = 1", "not asked"),
    ("SELECT count(*) FROM silver.people WHERE 1 / (birth_decade - 1960) > 0", "not asked"),
    (
        "SELECT count(*) FROM silver.people WHERE country = DATE '2020-01-01' AND signed_up_on = country",
        "kinds",
    ),
    ("SELECT count(*) FROM silver.people WHERE country = 5", "kinds"),
    ("SELECT count(*) FROM silver.people WHERE year(country) = 5", "not a time"),
    ("SELECT count(*) FROM silver.people WHERE country IN ('Spain', birth_decade)", "kinds"),
    ("SELECT sum(country) FROM silver.people", "not a number"),
    (
        "SELECT count(*) FROM silver.people p JOIN silver.orders o ON p.birth_decade = o.country",
        "one type",
    ),
    # tables that say of nobody whose they are
    ("SELECT count(*) FROM gold.texts", "whose rows"),
]


@pytest.mark.parametrize(("sql", "reason"), REFUSED)
def test_refused(ask: Callable[[str], Rows], sql: str, reason: str) -> None:
    with pytest.raises(PolicyError, match=reason):
        ask(sql)


@pytest.mark.parametrize(
    "shown",
    [
        "1 / (CASE WHEN country = 'Iceland' THEN 0 ELSE 1 END)",
        "1 / (count(*) - 1)",
        "CAST(country AS INT)",
    ],
)
def test_what_is_shown_of_a_hidden_group_makes_no_error(
    ask: Callable[[str], Rows], shown: str
) -> None:
    groups = (
        "country"
        if "CASE" not in shown
        else "country, CASE WHEN country = 'Iceland' THEN 0 ELSE 1 END"
    )
    sql = f"SELECT country, {shown} AS x FROM silver.people GROUP BY {groups}"
    assert [r["country"] for r in ask(sql)] == ["France"]


ROW = st.tuples(
    st.sampled_from(["a", "b", "c", "d", None]),
    st.sampled_from(["x", "y", None]),
    st.one_of(st.none(), st.integers(-3, 3)),
)


@examples(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(ROW, max_size=14))
def test_every_answer_is_over_three_people(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]]
) -> None:
    """Against plain Python: persons a to d, groups x, y and null, values that may be missing."""
    folder = tmp_path_factory.mktemp("oracle")
    settings = dataclasses.replace(load("local"), lake=str(folder / "lake"))
    contract = book()["silver.orders"]
    write(
        settings,
        contract,
        [
            {"person_key": p, "country": g, "quantity": v, "order_line_id": str(i)}
            for i, (p, g, v) in enumerate(rows)
        ],
    )
    groups: dict[str | None, list[tuple[Any, ...]]] = defaultdict(list)
    for person, group, value in rows:
        groups[group].append((person, value))
    expected = {}
    for group, members in groups.items():
        if len({p for p, _ in members} - {None}) >= 3:
            have = [(p, v) for p, v in members if v is not None]
            enough = len({p for p, _ in have} - {None}) >= 3
            total = sum(v for _, v in have) if enough else None
            expected[group] = (len(members), total, len(have) if enough else None)
    sql = (
        "SELECT country, count(*) AS n, sum(quantity) AS s, count(quantity) AS q "
        "FROM silver.orders GROUP BY country"
    )
    answer = query_as(settings, policies(folder), book(), "analyst", sql)
    assert {r["country"]: (r["n"], r["s"], r["q"]) for r in answer} == expected


def test_amounts_add_up(ask: Callable[[str], Rows]) -> None:
    sql = "SELECT sum(amount) AS s FROM silver.orders o WHERE product_id = 'lamp'"
    assert ask(sql) == [{"s": Decimal("237.5000")}]
