"""Somebody answers for every table."""

from __future__ import annotations

from typing import Any

import pytest

from shoplake.contracts.book import check_contracts
from shoplake.contracts.parse import load_contract

MEMBERS = [
    {"username": "data-platform", "role": "owner"},
    {"username": "crm", "role": "Owner", "dateOut": "2026-01-31"},
    {"name": "Shop floor", "role": "Owner"},
    {"username": "audit", "role": "steward"},
]


@pytest.mark.parametrize(
    "team", [{"name": "core", "members": MEMBERS}, MEMBERS], ids=["3.1", "3.0"]
)
def test_owners_are_the_members_of_that_role_who_are_still_there(written: Any, team: Any) -> None:
    path = written(lambda document: document.update(team=team))
    assert load_contract(path).owners == ("data-platform", "Shop floor")
    assert check_contracts(path.parents[1])[1] == []


@pytest.mark.parametrize(
    "team", [None, {"name": "core"}, MEMBERS[1:2], MEMBERS[3:], [{"role": "owner"}]], ids=str
)
def test_a_contract_that_nobody_owns_is_refused(written: Any, team: Any) -> None:
    path = written(lambda document: document.update(team=team) if team else None)
    (problem,) = check_contracts(path.parents[1])[1]
    assert problem.field == "team"
    assert "nobody owns this table" in problem.message
