from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.coupon_pairs import pairs
from shoplake.evaluate.coupons import Coupons
from shoplake.evaluate.metrics import EvaluationError
from shoplake.evaluate.redemptions import split_campaigns
from shoplake.evaluate.tasks.ads import run

STARTS = ["2017-01-10", "2017-02-10", "2017-03-10", "2017-04-10"]


def write(folder: Path, redemptions: list[tuple[str, str, str, str]]) -> Path:
    """Four campaigns of two coupons each, sent to the households a, b and c."""
    folder.mkdir(exist_ok=True)
    tables = {
        "campaign_descriptions": pd.DataFrame(
            {
                "campaign_id": ["1", "2", "3", "4"],
                "campaign_type": ["A", "B", "B", "A"],
                "start_date": pd.to_datetime(STARTS).date,
                "end_date": (pd.to_datetime(STARTS) + pd.Timedelta(days=40)).date,
            }
        ),
        "campaigns": pd.DataFrame(
            [(c, h) for c in "1234" for h in "abc"], columns=["campaign_id", "household_id"]
        ),
        "coupons": pd.DataFrame(
            [(u, p, c) for c in "1234" for u, p in (("u1", "p1"), ("u1", "p2"), ("u2", "p3"))],
            columns=["coupon_upc", "product_id", "campaign_id"],
        ),
        "coupon_redemptions": pd.DataFrame(
            redemptions, columns=["household_id", "coupon_upc", "campaign_id", "redemption_date"]
        ),
        "products": pd.DataFrame(
            {
                "product_id": ["p1", "p2", "p3"],
                "product_category": ["TEA", "TEA", "SOAP"],
                "department": ["GROCERY"] * 3,
                "brand": ["National", "Private", "National"],
            }
        ),
        "demographics": pd.DataFrame(
            [("a", "25-34", "50-74K", "Renter", "Married", "2", "0")],
            columns=["household_id", "age", "income", "home_ownership", "marital_status",
                     "household_size", "kids_count"],
        ),
        "transactions_sample": pd.DataFrame(
            {
                "household_id": ["a", "a"],
                "product_id": ["p1", "p3"],
                "sales_value": [3.0, 9.0],
                "coupon_disc": [0.0, 0.5],
                "transaction_timestamp": pd.to_datetime(["2017-02-01", "2017-03-20"]),
            }
        ),
    }  # fmt: skip
    for name, table in tables.items():
        if name == "coupon_redemptions":
            table["redemption_date"] = pd.to_datetime(table["redemption_date"]).dt.date
        table.to_parquet(folder / f"{name}.parquet")
    return folder


REDEEMED = [
    ("a", "u1", "1", "2017-01-20"),
    ("a", "u1", "3", "2017-03-12"),
    ("b", "u2", "3", "2017-04-15"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "dunnhumby", REDEEMED)


def features(folder: Path, campaign: int) -> pd.DataFrame:
    found = pairs(Coupons(folder), np.array([campaign]), np.datetime64("2018-01-01"))
    table = pd.DataFrame(found.examples.numbers, columns=found.examples.number_names)
    return table.assign(redeemed=found.redeemed, household=found.household)


def test_a_pair_is_a_household_and_a_coupon(folder: Path) -> None:
    table = features(folder, 2)
    assert len(table) == 6
    assert table["redeemed"].tolist() == [True, False, False, True, False, False]


def test_features_are_of_before_the_campaign(folder: Path) -> None:
    table = features(folder, 2)
    assert table["redemptions before"].tolist() == [1, 1, 0, 0, 0, 0]
    assert table["redemptions in its category"].tolist() == [1, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(table["spend on its category"], [np.log1p(3), 0, 0, 0, 0, 0])


def test_later_redemptions_and_sales_change_no_feature(folder: Path, tmp_path: Path) -> None:
    more = [*REDEEMED, ("c", "u2", "2", "2017-03-10"), ("c", "u1", "4", "2017-04-12")]
    other = write(tmp_path / "more", more)
    columns = [c for c in features(folder, 2) if c != "redeemed"]
    pd.testing.assert_frame_equal(features(folder, 2)[columns], features(other, 2)[columns])


def test_a_label_ends_with_the_cut(folder: Path) -> None:
    found = pairs(Coupons(folder), np.array([2]), np.datetime64("2017-04-10"))
    assert found.redeemed.sum() == 1


def test_campaigns_are_split_by_their_first_day(folder: Path) -> None:
    coupons = Coupons(folder)
    parts = split_campaigns(coupons, None)
    assert [part.tolist() for part in parts] == [[0, 1], [2], [3]]
    later = split_campaigns(coupons, np.datetime64("2017-02-10"))
    assert [part.tolist() for part in later] == [[0], [1], [2, 3]]
    with pytest.raises(EvaluationError, match="split by time"):
        split_campaigns(coupons, np.datetime64("2017-04-10"))


def test_a_folder_of_neither_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="neither"):
        run(tmp_path, None, seed=0)


def test_mailings_and_sales_of_nobody_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = write(tmp_path / "dunnhumby", [])
    for name in ("campaigns", "transactions_sample"):
        path = folder / f"{name}.parquet"
        table = pd.read_parquet(path)
        table.loc[0, "household_id"] = None
        table.to_parquet(path)
    coupons = Coupons(folder)
    assert coupons.left_out == 2
    assert len(coupons.buyer) == 1
    (folder / "coupons.parquet").write_bytes(b"junk")
    with pytest.raises(EvaluationError, match="cannot be read"):
        Coupons(folder)


def test_the_whole_data_set_and_one_that_says_nothing_of_households_are_read(
    tmp_path: Path,
) -> None:
    folder = write(tmp_path / "dunnhumby", REDEEMED)
    (folder / "transactions_sample.parquet").rename(folder / "transactions.parquet")
    (folder / "demographics.parquet").unlink()
    coupons = Coupons(folder)
    assert len(coupons.buyer) == 2
    assert set(coupons.people["income"]) == {"unknown"}
    (folder / "transactions.parquet").unlink()
    with pytest.raises(EvaluationError, match=r"'transactions_sample\.parquet' is missing"):
        Coupons(folder)
