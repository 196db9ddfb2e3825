"""A rule's history, as lakes recorded it then and now."""

from __future__ import annotations

from pathlib import Path

import pytest
from pond import NEW, OLD

from shoplake.catalog.facts import all_tables, ledger
from shoplake.catalog.outcomes import Outcome, RuleHistory, histories
from shoplake.contracts.book import load_contracts
from shoplake.runtime.settings import Settings


@pytest.fixture(scope="module")
def found(pond: Settings, conf: Path) -> dict[str, RuleHistory]:
    book = load_contracts(conf / "contracts")
    tables = all_tables(pond, book, ledger(pond))
    return {h.rule.name: h for h in histories(pond, tables)["silver.orders"]}


def test_recorded_outcomes_are_in_the_order_of_the_batches(found: dict[str, RuleHistory]) -> None:
    history = found["amount_positive"]
    assert [(o.at, o.broken) for o in history.outcomes] == [(OLD, 1), (NEW, 2)]
    assert history.is_broken


def test_silence_of_a_batch_that_recorded_only_breaches_means_none(
    found: dict[str, RuleHistory],
) -> None:
    assert found["order_id_not_null"].outcomes[0] == Outcome(OLD, judged=3, broken=0)
    assert not found["order_id_not_null"].is_broken


def test_silence_of_a_batch_that_recorded_all_means_no_such_rule(
    found: dict[str, RuleHistory],
) -> None:
    assert [o.at for o in found["key_unique"].outcomes] == [OLD]


def test_a_rule_about_batches_has_values_and_bounds(found: dict[str, RuleHistory]) -> None:
    assert found["enough_rows"].outcomes == (Outcome(NEW, 5, 1, 1.0, 2.0, None),)
