"""`conf/policies.yml`: what is wrong with it is told with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from policy_lake import book

from shoplake.contracts.book import ContractBook
from shoplake.contracts.model import Column, Contract
from shoplake.errors import PolicyError
from shoplake.governance.policies.conditions import columns_of
from shoplake.governance.policies.decide import is_about_people, readable, view
from shoplake.governance.policies.load import check_policies, load_policies
from shoplake.governance.policies.model import Policies
from shoplake.runtime.settings import conf_dir


@pytest.fixture(scope="module")
def shipped() -> Policies:
    return load_policies(conf_dir() / "policies.yml", book())


GOOD = """\
persons: [person_key]
records: [row_id]
roles:
  analyst:
    description: x
    groups: [g]
    read: [silver, gold.texts]
    classes: {internal: show, personal: {partial: {first: 2}}}
    columns:
      silver.people.country: hash
    rows:
      silver.people: consent AND shop IN (SELECT shop FROM silver.products)
    smallest_group: 5
  assistant:
    description: y
    subject: true
    read: [silver.people]
    rows: {silver.people: person_key = :subject}
"""


def problems(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    path = tmp_path / "policies.yml"
    path.write_text(text)
    return [(p.line, f"{p.field}: {p.message}") for p in check_policies(path, book())[1]]


def test_a_good_file_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("smallest_group: 5", "smalest_group: 5", 13, "did you mean 'smallest_group'"),
        ("smallest_group: 5", "smallest_group: many", 13, "fits none|expected int"),
        ("smallest_group: 5", "smallest_group: 1", 13, "at least 2"),
        ("smallest_group: 5", "subject: true", 11, "no row filter with :subject for silver.orders"),
        ("persons: [person_key]", "persons: [persons_key]", 1, "no contract has a column"),
        ("gold.texts]", "gold.text]", 7, "no table with a contract: 'gold.text'"),
        ("internal: show", "internal: shown", 8, "a mask is show, hash, null"),
        ("internal: show", "secret: show", 8, "'secret' is not one of"),
        ("{first: 2}", "{middle: 2}", 8, "a mask is show"),
        ("{first: 2}", "{first: -2}", 8, "one character at least"),
        ("{partial: {first: 2}}", "{generalise: {}}", 8, "either `to` or `step`"),
        ("{partial: {first: 2}}", "{generalise: {step: 0}}", 8, "above 0"),
        ("people.country: hash", "people.county: hash", 10, "no contract has a column"),
        ("people.country: hash", "people.consent: hash", 10, "no meaning for boolean"),
        ("consent AND", "consents AND", 12, "no column 'consents'"),
        ("consent AND", "consent = :me AND", 12, "only a role with `subject: true`"),
        ("consent AND", "consent AND AND", 12, "not an SQL condition"),
        ("FROM silver.products", "FROM silver.product", 12, "no table 'silver.product'"),
        ("silver.people: consent", "silver.peoples: consent", 12, "no table 'silver.peoples'"),
        ("    subject: true\n", "    groups: [g]\n", 16, "has the role analyst already"),
        ("  assistant:", "  Assistant:", 14, "lower case"),
        ("= :subject}", "IS NOT NULL}", 18, "no row filter with :subject"),
        ("roles:", "rules:", 3, "unknown key 'rules'"),
        ("consent AND", "count(*) > 1 AND", 12, "looks at several rows"),
        ("consent AND", "country AND", 12, "country is neither true nor false"),
        ("consent AND", "consent) OR (true AND", 12, "not an SQL condition"),
        ("consent AND", "nope.consent AND", 12, "'nope' of nope.consent"),
        ("consent AND", "lag(consent) OVER (ORDER BY shop) AND", 12, "no windows"),
        ("    subject: true\n", "    subject: true\n    subject: false\n", 17, "written twice"),
        ("  assistant:", "  analyst:", 14, "'analyst' is written twice, first on line 4"),
        ("  analyst:", "  analyst: [", 6, "expected"),
    ],
)
def test_a_problem_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new))
    assert any(at == line and re.search(message, text) for at, text in found), found


def test_a_wrong_file_is_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "policies.yml"
    path.write_text(GOOD.replace("consent AND", "consents AND"))
    with pytest.raises(PolicyError, match=r"policies.yml:12"):
        load_policies(path, book())


def test_no_role_but_admin_sees_personal_values_of_bronze(shipped: Policies) -> None:
    for role in shipped.roles:
        if role == "admin":
            continue
        for table in readable(shipped, book(), role):
            if not table.startswith("bronze"):
                continue
            seen = view(shipped, book(), role, table)
            personal = [c.name for c in seen.contract.columns if c.classification == "personal"]
            assert [c for c in personal if seen.masks[c] == "show"] == []


def test_a_class_that_no_role_names_is_hidden(shipped: Policies) -> None:
    seen = view(shipped, book(), "public", "silver.products")
    assert {
        m for c, m in seen.masks.items() if seen.contract.column(c).classification != "public"
    } == {None}


def test_a_table_without_a_contract_is_refused(shipped: Policies) -> None:
    with pytest.raises(PolicyError, match=r"may not read gold\.new"):
        view(shipped, book(), "admin", "gold.new")


@pytest.mark.parametrize(
    "column",
    [
        *("person_id", "name", "email", "phone", "address", "link_key", "birth_year"),
        *("title", "text", "query", "user_agent", "_raw"),
    ],
)
def test_what_identifies_people_is_personal_as_sent(column: str) -> None:
    about_things = {("name", "bronze.products"), ("query", "bronze.judgements")}
    classes = {
        c.table: c.column(column).classification
        for c in book()
        if c.table.startswith("bronze") and column in c.column_names
    }
    wrong = {t for t, k in classes.items() if k != "personal" and (column, t) not in about_things}
    assert classes
    assert wrong == set()


def test_every_key_of_a_person_is_a_pseudonym_after_bronze() -> None:
    for contract in book():
        for column in contract.columns:
            if column.name in ("person_key", "identity_key"):
                assert column.classification == "pseudonym", f"{contract.table}.{column.name}"


def test_people_without_a_key_are_no_group(shipped: Policies) -> None:
    """A table about people that says of nobody whose rows they are is closed to groups."""
    orphan = Contract(
        "gold.orphan", "1.0.0", "", "", (Column("t", "string", classification="personal"),), ()
    )
    assert is_about_people(orphan)
    with pytest.raises(PolicyError, match="whose rows"):
        view(shipped, ContractBook({"gold.orphan": orphan}), "analyst", "gold.orphan")


@pytest.mark.parametrize(
    ("where", "own"),
    [
        ("buyer = :subject", ("buyer",)),
        (
            "EXISTS (SELECT 1 FROM silver.people p WHERE p.person_key = buyer AND consent)",
            ("buyer",),
        ),
        ("day IN (SELECT day FROM silver.people)", ("day",)),
        ("EXISTS (SELECT 1 FROM silver.people WHERE day > 1)", ()),
        (
            "EXISTS (SELECT 1 FROM silver.people P WHERE p.person_key = BUYER AND Day > 1)",
            ("buyer",),
        ),
        (
            "EXISTS (SELECT 1 FROM silver.sales WHERE buyer = 1 AND id IN"
            " (SELECT person_key FROM silver.people WHERE consent))",
            ("buyer",),
        ),
        (
            "EXISTS (SELECT 1 FROM silver.sales s WHERE day = 1 AND s.id IN"
            " (SELECT person_key FROM silver.people))",
            ("day",),
        ),
    ],
)
def test_a_bare_name_in_a_subquery_is_its_tables_if_they_have_it(
    where: str, own: tuple[str, ...]
) -> None:
    inner = {"silver.people": ("person_key", "consent", "day"), "silver.sales": ("id",)}
    assert columns_of(where, ("buyer", "day"), lambda t: inner.get(t, ())) == own
