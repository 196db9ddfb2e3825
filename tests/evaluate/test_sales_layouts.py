from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.sales import load_sales
from shoplake.evaluate.tasks.demand import plan_origins

HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def day(folder: Path, date: str, *lines: str) -> None:
    folder.mkdir(exist_ok=True)
    rows = [f"{code},{item},{name},{units},{date} 10:0{i}:00,{price},{who},UK"
            for i, (code, item, name, units, price, who) in enumerate(x.split("|") for x in lines)]  # fmt: skip
    with gzip.open(folder / f"{date}.csv.gz", "wt") as file:
        file.write("\n".join([HEAD, *rows]) + "\n")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    day(
        folder,
        "2011-01-03",
        "1|12345|MUG|5|2.0|7.0",
        "1|POST|POSTAGE|1|9.0|7.0",
        "1|12346A|CUP|4|1.0|8.0",
    )
    day(folder, "2011-01-04", "2|12345|MUG|6|2.0|7.0", "3|12345|damages|-9|0.0|")
    day(folder, "2011-01-06", "C4|12345|MUG|-8|2.0|7.0", "5|12346a|CUP|1|3.0|8.0")
    return folder


def test_goods_are_netted_and_closed_days_are_no_columns(shop: Path) -> None:
    panel, first = load_sales(shop, None)
    assert first is None
    assert [f"{d:%d}" for d in panel.dates] == ["03", "04", "06"]
    assert panel.names == ("mug", "cup")
    np.testing.assert_array_equal(panel.history(2), [[5, 6], [4, 0]])
    # 8 mugs came back on the 6th: the newest sale first, then 2 of the one before.
    np.testing.assert_array_equal(panel.truth(), [[3, 0, 0], [4, 0, 1]])
    assert panel.price is not None
    np.testing.assert_allclose(panel.price[1], [1, 1, 3])


def test_the_part_to_judge_begins_after_the_part_to_learn(shop: Path, tmp_path: Path) -> None:
    later = tmp_path / "later"
    day(later, "2011-01-06", "9|12345|MUG|99|2.0|7.0")
    day(later, "2011-01-07", "9|12345|MUG|1|2.0|7.0")
    panel, first = load_sales(later, shop)
    assert first == 3
    assert panel.sold[0].tolist() == [5, 6, 0, 1]


def test_nothing_later_to_judge_is_said(shop: Path) -> None:
    with pytest.raises(EvaluationError, match="ends before"):
        load_sales(shop, shop)


def chain(folder: Path, weeks: int) -> Path:
    folder.mkdir()
    dates = pd.date_range("2010-02-05", periods=weeks, freq="7D")
    rows = [(s, d, f"{t:%Y-%m-%d}", 100 * s + d - (50 if t == dates[1] else 0), t == dates[0])
            for s in (1, 2) for d in (1, 9) for t in dates if (s, d) != (2, 9) or t > dates[2]]  # fmt: skip
    columns = ["Store", "Dept", "Date", "Weekly_Sales", "IsHoliday"]
    pd.DataFrame(rows, columns=columns).to_csv(folder / "sales.csv.gz", index=False)
    with gzip.open(folder / "stores.csv.gz", "wb") as file:
        file.write(b"Store,Type,Size\r1,A,1\r2,B,2\r")
    return folder


def test_weeks_of_a_chain(tmp_path: Path) -> None:
    panel, _ = load_sales(chain(tmp_path / "chain", 100), None)
    assert panel.sold.shape == (4, 100)
    assert panel.groups["type"].tolist() == [0, 0, 1, 1]
    assert panel.groups["department"].tolist() == [0, 1, 0, 1]
    assert panel.first.tolist() == [0, 0, 0, 3]
    assert panel.special.tolist() == [True] + [False] * 99
    assert (panel.season, panel.unit) == (52, "week")


def test_less_than_a_year_has_no_yearly_season(tmp_path: Path) -> None:
    panel, _ = load_sales(chain(tmp_path / "chain", 30), None)
    assert panel.season == 1


def test_origins_end_a_horizon_before_the_data(tmp_path: Path) -> None:
    panel, _ = load_sales(chain(tmp_path / "chain", 100), None)
    assert plan_origins(panel, None, 8) == ([76, 84, 92], 8)
    assert plan_origins(panel, 97, 8) == ([97], 3)
    with pytest.raises(EvaluationError, match="too few"):
        plan_origins(panel, None, 40)


def test_another_layout_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(EvaluationError, match="InvoiceNo"):
        load_sales(tmp_path, None)


def test_files_that_end_midway_are_errors(shop: Path, tmp_path: Path) -> None:
    packed = shop / "2011-01-04.csv.gz"
    packed.write_bytes(packed.read_bytes()[:-30])
    with pytest.raises(EvaluationError, match="cannot be read"):
        load_sales(shop, None)
    weeks = chain(tmp_path / "weeks", 100)
    sales = next(weeks.glob("sales.csv*"))
    sales.write_bytes(gzip.compress(b"Store,Dept,Date\n1,1,2010-02-05\n")[:-12])
    sales.rename(weeks / "sales.csv.gz")
    with pytest.raises(EvaluationError, match="cannot be read"):
        load_sales(weeks, None)
