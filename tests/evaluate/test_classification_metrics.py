from __future__ import annotations

import numpy as np
import pytest

from shoplake.evaluate.classification import classification_metrics, expected_calibration_error
from shoplake.evaluate.metrics import EvaluationError

HAPPENED = np.array([True, True, False, False])


def test_by_hand() -> None:
    found = classification_metrics(HAPPENED, np.array([0.9, 0.4, 0.6, 0.1]))
    assert found["accuracy"] == found["precision"] == found["recall"] == found["f1"] == 0.5
    assert found["auc"] == 0.75
    assert found["brier"] == pytest.approx((0.01 + 0.36 + 0.36 + 0.01) / 4)
    assert found["log_loss"] == pytest.approx(-np.log([0.9, 0.4, 0.4, 0.9]).mean())


def test_a_constant_has_auc_one_half() -> None:
    assert classification_metrics(HAPPENED, np.full(4, 0.5))["auc"] == 0.5


def test_one_class_has_no_auc() -> None:
    assert np.isnan(classification_metrics(np.array([True, True]), np.array([0.2, 0.9]))["auc"])


def test_calibration_error_is_the_weighted_gap_of_bins() -> None:
    said = np.array([0.25, 0.25, 0.75, 1.0])
    happened = np.array([True, False, True, True])
    # Bin [0, .5): said .25, happened .5; bin [.5, 1]: said .875, happened 1.
    assert expected_calibration_error(happened, said, bins=2) == pytest.approx(
        0.5 * 0.25 + 0.5 * 0.125
    )


@pytest.mark.parametrize("bad", [1.5, -0.1, np.nan])
def test_what_is_no_probability_is_refused(bad: float) -> None:
    with pytest.raises(EvaluationError, match="not logits"):
        classification_metrics(HAPPENED, np.array([0.1, bad, 0.2, 0.3]))
