"""Which rules Delta enforces again on every writer."""

from __future__ import annotations

from typing import Any

import pytest

from shoplake.contracts.ddl import checks
from shoplake.contracts.parse import load_contract
from shoplake.errors import ContractError


def bounded(constraints: str | None) -> Any:
    """`size` has a rule that holds rows and one that stops."""

    def change(document: dict[str, Any]) -> None:
        table = document["schema"][0]
        table["properties"][1]["logicalTypeOptions"] = {"minimum": 1}
        table["quality"] = [
            {
                "name": "sane",
                "type": "custom",
                "engine": "shoplake",
                "implementation": "size < 1000",
                "customProperties": [{"property": "onBreach", "value": "stop"}],
            }
        ]
        if constraints:
            table["customProperties"] = [{"property": "checkConstraints", "value": constraints}]

    return change


@pytest.mark.parametrize(
    ("asked", "enforced"),
    [(None, {"size_range", "sane"}), ("all", {"size_range", "sane"}), ("stop", {"sane"})],
)
def test_rules_that_become_constraints(written: Any, asked: str | None, enforced: set[str]) -> None:
    assert set(checks(load_contract(written(bounded(asked))))) == enforced


def test_another_word_is_refused(written: Any) -> None:
    with pytest.raises(ContractError, match="'all' or 'stop', not 'some'"):
        load_contract(written(bounded("some")))
