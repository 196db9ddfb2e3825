"""Ways round a role, tried on the engine that answers `shoplake sql --as`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from policy_lake import KEY, book, make_lake, policies

from shoplake.errors import PolicyError, ShoplakeError
from shoplake.governance.policies.ask import query_as
from shoplake.governance.policies.masks import mask_key
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import Rows

#: What the role `blurred` must never see: names, e-mails, keys, exact amounts.
SECRETS = ("Ann", "ann@", "王秀英", "p6", "4711", "shop-p", "14.0000")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_lake(tmp_path_factory.mktemp("evasion"))


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", KEY)


def ask(lake: Settings, role: str, sql: str, subject: str | None = None) -> Rows:
    return query_as(lake, policies(Path(lake.lake).parent), book(), role, sql, subject)


SHOWN = [
    "SELECT * FROM bronze.people",
    "SELECT p.* FROM bronze.people AS p",
    "SELECT people.* FROM bronze.people",
    "SELECT bronze.people.name, bronze.people.email FROM bronze.people",
    "SELECT `name`, `email`, `_raw` FROM `bronze`.`people`",
    "SELECT NAME, Email FROM bronze.people",
    "SELECT P.NAME, p.Email FROM Bronze.PEOPLE AS P",
    "WITH Old AS (SELECT * FROM `BRONZE`.`People`) SELECT * FROM OLD",
    "WITH people AS (SELECT * FROM bronze.people) SELECT * FROM people",
    "WITH a AS (SELECT * FROM bronze.people), b AS (SELECT * FROM a) SELECT * FROM b",
    "SELECT * FROM (SELECT * FROM (SELECT name, email FROM bronze.people) x) y",
    "SELECT name FROM bronze.people UNION ALL SELECT person_id FROM bronze.people",
    "SELECT name FROM silver.products INTERSECT SELECT name FROM bronze.people",
    "SELECT (SELECT max(name) FROM bronze.people) AS m, o.* FROM silver.orders o",
    "SELECT * FROM silver.orders o JOIN bronze.people p ON p._row_id = o.row_id",
    "SELECT * FROM silver.orders NATURAL JOIN silver.people",
    "SELECT a.name FROM bronze.people a, bronze.people b",
    "SELECT array_agg(name), string_agg(email, ',') FROM bronze.people",
    "SELECT first_value(name) OVER (ORDER BY email) FROM bronze.people",
    "SELECT name || email || person_id AS x FROM bronze.people",
    "SELECT struct(name, email) AS s FROM bronze.people",
    "FROM bronze.people SELECT name",
    "SELECT name FROM bronze.people -- */ UNION SELECT name FROM t",
    "SELECT /*+ BROADCAST(p) */ * FROM bronze.people p",
    "SELECT * FROM bronze.people p WHERE EXISTS (SELECT 1 FROM bronze.people q WHERE q.name = p.name)",
    "WITH RECURSIVE r AS (SELECT name FROM bronze.people UNION SELECT name FROM r) SELECT * FROM r",
    "SELECT amount, person_key FROM silver.orders ORDER BY amount DESC",
]


@pytest.mark.parametrize("sql", SHOWN)
def test_no_spelling_shows_what_is_masked(lake: Settings, sql: str) -> None:
    try:
        answer = json.dumps(ask(lake, "blurred", sql), default=str, ensure_ascii=False)
    except PolicyError:
        raise
    except ShoplakeError as error:  # The engine may not know a spelling; it must not tell either.
        answer = str(error).replace(sql, "")
    assert not [s for s in SECRETS if s in answer]


def test_the_secrets_are_there_for_one_who_may_see_them(lake: Settings) -> None:
    sql = "SELECT p.*, o.amount FROM bronze.people p JOIN silver.orders o ON p.person_id = 'shop-' || o.person_key"
    answer = json.dumps(ask(lake, "admin", sql), default=str, ensure_ascii=False)
    assert [s for s in SECRETS if s not in answer] == []


@pytest.mark.parametrize(
    "condition",
    ["name = 'Ann Ash'", "name LIKE 'Ann%'", "email = 'ann@a.example'", "_raw IS NOT NULL"],
)
def test_a_condition_sees_the_mask_not_the_value(lake: Settings, condition: str) -> None:
    assert ask(lake, "blurred", f"SELECT * FROM bronze.people WHERE {condition}") == []


REFUSED = [
    "SELECT * FROM silver.people VERSION AS OF 0",
    "SELECT * FROM silver.people TIMESTAMP AS OF '2024-01-01'",
    "SELECT * FROM silver.people@v0",
    "SELECT * FROM silver.people TABLESAMPLE (10 ROWS)",
    "SELECT * FROM silver.people PIVOT (count(*) FOR country IN ('Spain'))",
    "SELECT * FROM silver.people AS p(country, person_key)",
    "SELECT * FROM delta.`/lake/silver/people`",
    "SELECT * FROM parquet.`/lake/silver/people`",
    "SELECT * FROM `/lake/silver/people/part-0.parquet`",
    "SELECT * FROM read_files('/lake/silver/people')",
    "SELECT * FROM read_parquet('/lake/silver/people')",
    "SELECT * FROM identifier('silver.people')",
    "SELECT * FROM other.silver.people",
    "SELECT * FROM information_schema.tables",
    "SELECT * FROM silver__people",
    "SELECT * FROM people",
    "SELECT * FROM gold.recommendations",
    "SELECT * FROM governance.ledger",
    "SELECT * FROM governance.quarantine_bronze_orders",
    "SELECT * FROM governance.quarantine_nothing",
    "WITH x AS (SELECT * FROM gold.recommendations) SELECT 1",
    "SELECT 1 WHERE EXISTS (SELECT * FROM gold.recommendations)",
    "SELECT 1 UNION SELECT count(*) FROM gold.recommendations",
    "SELECT reflect('java.lang.System', 'getenv', 'SHOPLAKE_PSEUDONYM_KEY')",
    "SELECT secret('shoplake', 'mask_key')",
    "SELECT input_file_name() FROM silver.people",
    "SELECT __person FROM silver.people",
    "SELECT :subject FROM silver.people",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_no_table_of_the_role_is_refused(lake: Settings, sql: str) -> None:
    with pytest.raises(PolicyError):
        ask(lake, "blurred", sql)


@pytest.mark.parametrize(
    "sql",
    ["DROP TABLE silver.people", "SELECT 1; SELECT 2", "EXPLAIN SELECT * FROM silver.people"],
)
def test_only_one_select_is_taken(lake: Settings, sql: str) -> None:
    with pytest.raises(ShoplakeError, match="one SELECT"):
        ask(lake, "blurred", sql)


def test_a_common_table_expression_cannot_stand_for_a_table(lake: Settings) -> None:
    names = ("silver__people", "people", "t", "silver")
    spoofs = ", ".join(f"{n} AS (SELECT 'x' AS person_key)" for n in names)
    rows = ask(lake, "blurred", f"WITH {spoofs} SELECT person_key FROM silver.people")
    keys = {row["person_key"] for row in rows}
    assert len(keys) == 6
    assert not keys & {"x", "p1", "p6"}


@pytest.mark.parametrize(
    "condition",
    [
        # Evaluated on a hidden row, these would fail and tell that it is there.
        "CAST(CASE WHEN product_id = 'safe' THEN 'boom' ELSE '1' END AS INT) = 1",
        "1 % (CASE WHEN product_id = 'safe' THEN 0 ELSE 2 END) = 1",
    ],
)
def test_hidden_rows_make_no_errors(lake: Settings, condition: str) -> None:
    sql = f"SELECT product_id FROM silver.orders WHERE {condition}"
    with pytest.raises(ShoplakeError, match="failed"):
        ask(lake, "admin", sql)
    assert len(ask(lake, "marketing", sql)) == 4


def test_errors_do_not_tell_the_key(lake: Settings) -> None:
    with pytest.raises(ShoplakeError, match="Cannot cast") as error:
        ask(lake, "blurred", "SELECT CAST(person_key AS INT) FROM silver.people")
    assert mask_key(KEY.encode()) not in str(error.value)


def test_held_rows_are_hidden_like_the_rows_of_their_table(lake: Settings) -> None:
    sql = "SELECT record, reasons FROM governance.quarantine_silver_orders"
    assert "p6" in ask(lake, "engineer", sql)[0]["record"]
    assert ask(lake, "blurred", sql) == [{"record": None, "reasons": None}]
    for role in ("marketing", "analyst", "public"):
        with pytest.raises(PolicyError):
            ask(lake, role, sql)


def test_a_subject_sees_only_their_own(lake: Settings) -> None:
    sql = "SELECT person_key FROM silver.orders UNION SELECT person_key FROM silver.people"
    assert ask(lake, "assistant", sql, "p1") == [{"person_key": "p1"}]
    assert ask(lake, "assistant", sql, "x' OR '1' = '1") == []
    for role, subject in (("assistant", None), ("admin", "p1")):
        with pytest.raises(PolicyError, match="one person"):
            ask(lake, role, sql, subject)


def test_names_of_tables_may_be_in_capitals(lake: Settings) -> None:
    sql = "SELECT O.product_id FROM Silver.Orders AS O WHERE orders.order_id = 'o1'"
    with pytest.raises(ShoplakeError, match="orders"):
        ask(lake, "admin", sql)
    rows = ask(lake, "admin", sql.replace("orders.order_id", "o.Order_ID"))
    assert rows == [{"product_id": "vase"}]


def test_a_role_may_format_times(lake: Settings) -> None:
    sql = "SELECT DISTINCT date_format(ordered_at, 'yyyy-MM') AS month FROM silver.orders"
    assert ask(lake, "admin", sql) == [{"month": "2024-03"}]


def test_columns_of_one_name_are_refused(lake: Settings) -> None:
    sql = "SELECT a.name, b.name FROM silver.products a JOIN silver.products b ON true"
    with pytest.raises(ShoplakeError, match="called name"):
        ask(lake, "public", sql)


def test_an_alias_may_be_in_capitals(lake: Settings) -> None:
    sql = "SELECT Product_ID, count(*) AS N FROM silver.orders GROUP BY PRODUCT_ID ORDER BY N DESC"
    (first, *_) = ask(lake, "admin", sql + " LIMIT 1")
    assert list(first) == ["product_id", "N"]
