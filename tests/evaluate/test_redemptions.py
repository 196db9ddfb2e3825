"""Who redeems which coupon, from a folder's files to figures beside the baselines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.findings import Findings
from shoplake.evaluate.redemptions import BASELINES, judge_redemptions

pytestmark = pytest.mark.slow

HOUSEHOLDS, CAMPAIGNS, COUPONS = 150, 8, 10


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Households that like coupons redeem those of the category that they buy."""
    folder, draw = tmp_path_factory.mktemp("coupons"), np.random.default_rng(2)
    starts = pd.to_datetime("2025-01-01") + pd.to_timedelta(np.arange(CAMPAIGNS) * 30, "D")
    likes = draw.beta(0.6, 2.0, HOUSEHOLDS)
    taste = draw.integers(0, 2, HOUSEHOLDS)
    redeemed = [
        (f"h{h}", f"u{u}", str(c), (starts[c] + pd.Timedelta(days=5)).date())
        for c in range(CAMPAIGNS)
        for h in range(HOUSEHOLDS)
        for u in range(COUPONS)
        if draw.random() < likes[h] * (0.4 if taste[h] == u % 2 else 0.02)
    ]
    days = pd.date_range("2024-09-01", "2025-09-20", freq="9D")
    tables = {
        "campaign_descriptions": pd.DataFrame(
            {"campaign_id": [str(c) for c in range(CAMPAIGNS)], "campaign_type": "A",
             "start_date": starts.date, "end_date": (starts + pd.Timedelta(days=20)).date}
        ),
        "campaigns": pd.DataFrame(
            [(str(c), f"h{h}") for c in range(CAMPAIGNS) for h in range(HOUSEHOLDS)
             if draw.random() < 0.7],
            columns=["campaign_id", "household_id"],
        ),
        "coupons": pd.DataFrame(
            [(f"u{u}", f"p{u}", str(c)) for c in range(CAMPAIGNS) for u in range(COUPONS)],
            columns=["coupon_upc", "product_id", "campaign_id"],
        ),
        "coupon_redemptions": pd.DataFrame(
            redeemed, columns=["household_id", "coupon_upc", "campaign_id", "redemption_date"]
        ),
        "products": pd.DataFrame(
            {"product_id": [f"p{u}" for u in range(COUPONS)],
             "product_category": ["TEA", "SOAP"] * (COUPONS // 2), "department": "ALL",
             "brand": "National"}
        ),
        "transactions_sample": pd.DataFrame(
            [(f"h{h}", f"p{2 * draw.integers(0, COUPONS // 2) + taste[h]}", 3.0, 0.0, day)
             for h in range(HOUSEHOLDS) for day in days],
            columns=["household_id", "product_id", "sales_value", "coupon_disc",
                     "transaction_timestamp"],
        ),
    }  # fmt: skip
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    return judge_redemptions(Path(folder), None, seed=0)


def test_models_learn_who_likes_coupons_of_what(found: Findings) -> None:
    auc = {name: figures["auc"].value for name, figures in found.figures.items()}
    assert auc[BASELINES[0]] == 0.5
    assert auc[found.champion] > auc["household's rate"] + 0.05 > 0.6


def test_the_protocol_says_how_it_was_judged_and_what_sending_changed(found: Findings) -> None:
    assert found.protocol["layout"] == "dunnhumby"
    assert "redeemed" in found.protocol["judge"]
    assert "difference in differences" in found.protocol["uplift"]
