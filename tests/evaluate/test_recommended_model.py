from __future__ import annotations

import pytest

from shoplake.evaluate.findings import Figure, recommended


@pytest.mark.parametrize(("low", "model"), [(0.01, "hybrid"), (-0.01, "strong")])
def test_a_model_without_a_sure_lead_is_not_recommended(low: float, model: str) -> None:
    figures = {
        "weak": {"recall@10": Figure(0.1)},
        "strong": {"recall@10": Figure(0.2)},
        "hybrid": {"recall@10": Figure(0.22, 0.2, 0.24, (0.02, low, 0.05))},
    }
    assert recommended(figures, ["weak", "strong"], "recall@10", "hybrid") == model
