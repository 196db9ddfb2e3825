from __future__ import annotations

import pandas as pd
import pytest

from shoplake.evaluate.cleaning import cleaning_quality
from shoplake.evaluate.metrics import EvaluationError

TRUTH = pd.DataFrame(
    [
        ("orders", "1", "bad_price", "quarantined"),
        ("orders", "2", "bad_price", "quarantined"),
        ("orders", "2", "bad_date", "quarantined"),
        ("orders", "3", "copy", "deduplicated"),
    ],
    columns=["entity", "natural_id", "dirt", "outcome"],
)
OBSERVED = pd.DataFrame(
    [
        ("orders", "2", "quarantined"),
        ("orders", "2", "quarantined"),
        ("orders", "9", "quarantined"),
        ("people", "7", "flagged"),
    ],
    columns=["entity", "natural_id", "outcome"],
)


def test_precision_and_recall_of_each_kind() -> None:
    table = cleaning_quality(TRUTH, OBSERVED)
    table = table.astype(object).where(table.notna(), None)
    assert [tuple(row) for row in table.itertuples(index=False)] == [
        ("orders", "deduplicated", "(any)", 1, 0, 0, None, 0.0),
        ("orders", "deduplicated", "copy", 1, 0, 0, None, 0.0),
        ("orders", "quarantined", "(any)", 2, 1, 1, 0.5, 0.5),
        ("orders", "quarantined", "bad_date", 1, 1, 1, 0.5, 1.0),
        ("orders", "quarantined", "bad_price", 2, 1, 1, 0.5, 0.5),
        ("people", "flagged", "(any)", 0, 0, 1, 0.0, None),
    ]


def test_nothing_found_is_recall_zero() -> None:
    assert cleaning_quality(TRUTH, OBSERVED.iloc[:0])["recall"].tolist() == [0.0] * 5


def test_an_outcome_that_does_not_exist_is_refused() -> None:
    with pytest.raises(EvaluationError, match="'bad_price' expects outcome 'dropped'"):
        cleaning_quality(TRUTH.assign(outcome="dropped"), OBSERVED)
