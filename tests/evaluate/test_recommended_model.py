from __future__ import annotations

import json

import pytest

from shoplake.evaluate.findings import Figure, Findings, recommended


@pytest.mark.parametrize(("low", "model"), [(0.01, "hybrid"), (-0.01, "strong")])
def test_a_model_without_a_sure_lead_is_not_recommended(low: float, model: str) -> None:
    figures = {
        "weak": {"recall@10": Figure(0.1)},
        "strong": {"recall@10": Figure(0.2)},
        "hybrid": {"recall@10": Figure(0.22, 0.2, 0.24, (0.02, low, 0.05))},
    }
    assert recommended(figures, ["weak", "strong"], "recall@10", "hybrid") == model


def test_json_has_null_where_a_number_is_not_finite() -> None:
    row = {"a": Figure(0.5, 0.4, float("inf"), (0.1, float("nan"), 0.2)), "b": Figure(float("nan"))}
    said = Findings("task", {}, {"hybrid": row}, [], "hybrid", "a").to_dict()
    json.dumps(said, allow_nan=False)
    assert said["intervals"] == {"hybrid": {"a": [0.4, None]}}
    assert said["metrics"] == {"hybrid": {"a": 0.5, "b": None}}
    lead = said["lead_over_best_baseline"]["hybrid"]["a"]
    assert lead == {"difference": 0.1, "low": None, "high": 0.2}
