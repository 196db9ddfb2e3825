from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.findings import Findings
from shoplake.evaluate.tasks import demand
from shoplake.models.demand.settings import load_demand


def write_shop(folder: Path, days: int) -> Path:
    """Lines of 60 items, of which half sell five times as much on Fridays; ten are new each month."""
    draw = np.random.default_rng(0)
    folder.mkdir()
    dates = [d for d in pd.date_range("2011-01-03", periods=days) if d.dayofweek != 5]
    rows = []
    for item in range(60):
        level = draw.uniform(0.5, 6)
        born = 0 if item < 30 else days * (item - 20) // 60
        for day in dates[born:]:
            units = draw.poisson(level * (5 if item % 2 and day.dayofweek == 4 else 1))
            if units:
                name = f"{'RED' if item % 2 else 'BLUE'} MUG {item}"
                rows.append((f"{item}{day:%j}", f"{10000 + item}", name, units, day, 2.0, "7.0", "UK"))  # fmt: skip
    columns = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice"]
    table = pd.DataFrame(rows, columns=[*columns, "CustomerID", "Country"])
    table.to_csv(folder / "all.csv.gz", index=False)
    return folder


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    folder = write_shop(tmp_path_factory.mktemp("demand") / "shop", 140)
    config = load_demand()
    quick = dataclasses.replace(
        config,
        models=("seasonal_naive", "recent_quantiles", "seasonal_smoothing", "gradient_boosting"),
        backtests=2,
        boosting=dataclasses.replace(config.boosting, rounds=25, rows=8000),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demand, "load_demand", lambda: quick)
        return demand.run(folder, None, seed=0)


@pytest.mark.slow
def test_the_champion_beats_both_baselines_and_covers(found: Findings) -> None:
    mixture = found.figures[found.champion]
    for name in ("seasonal_naive", "recent_quantiles"):
        assert mixture["quantile_loss"].value < 0.95 * found.figures[name]["quantile_loss"].value
    assert mixture["coverage@80"].value == pytest.approx(0.8, abs=0.04)
    lead = mixture["quantile_loss"].lead
    assert lead is not None
    assert lead[2] < 0


def test_planned_stock_loses_less_than_a_fixed_point_with_as_much_stock(found: Findings) -> None:
    equal, planned = (found.figures[f"stock: {k}"] for k in ("fixed, as much stock", "by forecast"))
    assert equal["stock_held"].value == pytest.approx(planned["stock_held"].value, rel=0.05)
    assert planned["lost_sales"].value < equal["lost_sales"].value + 0.005


def test_everything_can_be_written_as_json(found: Findings) -> None:
    text = json.dumps(found.to_dict())
    assert "less than seasonal naive" in text
    assert "items first sold within a window" in text
