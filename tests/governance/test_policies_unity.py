"""What Unity Catalog is told."""

from __future__ import annotations

import dataclasses
import re

import pytest
from policy_lake import book

from shoplake.errors import PolicyError
from shoplake.governance.policies.load import load_policies
from shoplake.governance.policies.unity import Unity
from shoplake.runtime.settings import conf_dir, load


@pytest.fixture(scope="module")
def unity() -> Unity:
    settings = dataclasses.replace(load("databricks"), catalog="shop", schema_prefix="dev_")
    return Unity(settings, load_policies(conf_dir() / "policies.yml", book()), book())


def test_statements_are_the_same_each_time_and_safe_to_run_again(unity: Unity) -> None:
    statements = list(unity.statements())
    assert statements == list(unity.statements())
    again = re.compile(
        r"CREATE OR REPLACE FUNCTION|GRANT|REVOKE|ALTER TABLE \S+ (SET ROW|DROP ROW)|ALTER TABLE \S+ ALTER COLUMN \S+ (SET TAGS|SET MASK|DROP MASK)"
    )
    assert [s for s in statements if not again.match(s)] == []


def test_a_function_stands_before_its_use(unity: Unity) -> None:
    made: set[str] = set()
    for statement in unity.statements():
        if match := re.match(r"CREATE OR REPLACE FUNCTION (\S+)\(", statement):
            made.add(match[1])
        if match := re.search(r"SET (?:MASK|ROW FILTER) (\S+)", statement):
            assert match[1] in made


def test_every_column_is_tagged_and_every_personal_one_masked(unity: Unity) -> None:
    statements = list(unity.statements())
    for contract in book():
        for column in contract.columns:
            alter = f"ALTER TABLE {unity.name(contract.table)} ALTER COLUMN `{column.name}`"
            assert f"{alter} SET TAGS ('classification' = '{column.classification}')" in statements
            masked = any(
                s.startswith(f"{alter} SET MASK `shop`.`dev_governance`.") for s in statements
            )
            assert masked or column.classification in ("public", "internal")


def test_a_role_of_groups_is_granted_no_table_about_people(unity: Unity) -> None:
    statements = list(unity.statements())
    to = "TO `shoplake_analysts`"
    assert f"GRANT SELECT ON TABLE `shop`.`dev_silver`.`products` {to}" in statements
    assert f"GRANT SELECT ON TABLE `shop`.`dev_silver`.`orders` {to}" not in statements
    assert (
        "REVOKE SELECT ON TABLE `shop`.`dev_silver`.`orders` FROM `shoplake_analysts`" in statements
    )
    assert "REVOKE SELECT ON SCHEMA `shop`.`dev_gold` FROM `shoplake_analysts`" in statements


def test_a_filter_has_the_columns_it_reads(unity: Unity) -> None:
    policy = unity.table(book()["gold.user_profiles"])
    assert policy.filter is not None
    assert policy.filter.parameters == (("person_key", "STRING"),)
    assert "FROM `shop`.`dev_silver`.`people`" in policy.filter.body
    assert policy.filter.body.endswith("ELSE false END")


def test_the_key_is_named_not_written(unity: Unity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOPLAKE_PSEUDONYM_KEY", "s" * 40)
    hashes = [s for s in unity.statements() if "sha2(" in s]
    assert hashes
    assert all("sha2(secret('shoplake', 'mask_key') || v, 256)" in s for s in hashes)


def test_a_catalog_is_needed() -> None:
    with pytest.raises(PolicyError, match="catalog"):
        Unity(load("local"), load_policies(conf_dir() / "policies.yml", book()), book())


def test_a_quarantine_hides_what_its_table_does(unity: Unity) -> None:
    statements = list(unity.statements(["governance.quarantine_silver_orders"]))
    table = "`shop`.`dev_governance`.`quarantine_silver_orders`"
    assert f"GRANT SELECT ON TABLE {table} TO `shoplake_engineers`" in statements
    assert f"REVOKE SELECT ON TABLE {table} FROM `shoplake_support`" in statements
