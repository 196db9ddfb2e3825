"""dunnhumby: campaigns, coupons, households and what they bought, indexed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from shoplake.evaluate.findings import UNREADABLE, required
from shoplake.evaluate.metrics import EvaluationError

_FILES = {
    "descriptions": "campaign_descriptions.parquet",
    "sent": "campaigns.parquet",
    "coupons": "coupons.parquet",
    "redemptions": "coupon_redemptions.parquet",
    "products": "products.parquet",
}
_SALES, _DEMOGRAPHICS = "transactions*.parquet", "demographics.parquet"
#: What is known of some households.
PEOPLE = ("age", "income", "home_ownership", "marital_status", "household_size", "kids_count")


class Coupons:
    """The tables of the layout, indexed once.

    Attributes:
        left_out: how many mailings and sales name no household, product or time.
        people: what is known of households; "unknown" of all where the folders do not say.

    Raises:
        EvaluationError: a file or a column is missing.
    """

    def __init__(self, *folders: Path) -> None:
        tables: dict[str, pd.DataFrame] = {}
        for name, file in _FILES.items():
            tables[name] = _together([required(folder, file)[0] for folder in folders])
        tables["sales"] = _together([path for folder in folders for path in _sales(folder)])
        said = [folder / _DEMOGRAPHICS for folder in folders]
        said = [path for path in said if path.exists()]
        nobody = pd.DataFrame(columns=["household_id", *PEOPLE])
        tables["people"] = _together(said) if said else nobody
        try:
            self._index(tables)
        except KeyError as error:
            raise EvaluationError(
                f"no column {error}", where=str(folders[-1]), remedy="give the layout of dunnhumby"
            ) from None

    def _index(self, tables: dict[str, pd.DataFrame]) -> None:
        d = tables["descriptions"].drop_duplicates("campaign_id").reset_index(drop=True)
        self.ids = d["campaign_id"].astype(str).to_numpy()
        self.start = pd.to_datetime(d["start_date"]).to_numpy("datetime64[D]")
        self.end = pd.to_datetime(d["end_date"]).to_numpy("datetime64[D]")
        self.kind = pd.factorize(d["campaign_type"].astype(str), sort=True)[0] + 1
        sent = tables["sent"].dropna(subset=["campaign_id", "household_id"])
        sales = tables["sales"].dropna(
            subset=["household_id", "product_id", "transaction_timestamp"]
        )
        self.left_out = len(tables["sent"]) + len(tables["sales"]) - len(sent) - len(sales)
        self.households = pd.Index(sorted({*sent["household_id"], *sales["household_id"]}))
        campaigns = pd.Index(self.ids)
        place = campaigns.get_indexer(sent["campaign_id"].astype(str))
        who = self.households.get_indexer(sent["household_id"])
        self.sent = [np.unique(who[place == c]) for c in range(len(d))]

        products = tables["products"].drop_duplicates("product_id").set_index("product_id")
        self.products = products.index
        known = products[["product_category", "department"]].astype(str)
        self.category = pd.factorize(known["product_category"], sort=True)[0]
        self.department = pd.factorize(known["department"], sort=True)[0]
        self.private = (products["brand"].astype(str) == "Private").to_numpy(float)

        offered = tables["coupons"]
        offered = offered[offered["product_id"].isin(self.products)]
        self.upcs = pd.Index(sorted(offered["coupon_upc"].unique()))
        upc = self.upcs.get_indexer(offered["coupon_upc"])
        item = self.products.get_indexer(offered["product_id"])
        of = campaigns.get_indexer(offered["campaign_id"].astype(str))
        self.offered = [np.unique(upc[of == c]) for c in range(len(d))]
        shape = (len(self.upcs), len(self.products))
        self.covers = csr_array((np.ones(len(upc)), (upc, item)), shape=shape)
        self.covers.sum_duplicates()
        self.covers.data[:] = 1
        size = np.asarray(self.covers.sum(axis=1)).ravel()
        self.coupon_size = size
        self.coupon_private = self.covers @ self.private / np.maximum(size, 1)
        self.coupon_category = _most(self.covers, self.category)
        self.coupon_department = _most(self.covers, self.department)

        r = tables["redemptions"]
        self.redeemed = np.stack(
            [
                self.households.get_indexer(r["household_id"]),
                self.upcs.get_indexer(r["coupon_upc"]),
                campaigns.get_indexer(r["campaign_id"].astype(str)),
            ],
            axis=1,
        )
        self.redeemed_on = pd.to_datetime(r["redemption_date"]).to_numpy("datetime64[D]")
        kept = (self.redeemed >= 0).all(axis=1)
        self.redeemed, self.redeemed_on = self.redeemed[kept], self.redeemed_on[kept]

        self.buyer = self.households.get_indexer(sales["household_id"])
        self.bought = self.products.get_indexer(sales["product_id"])
        bought_at = pd.to_datetime(sales["transaction_timestamp"], utc=True).dt.tz_localize(None)
        self.bought_on = bought_at.to_numpy("datetime64[D]")
        self.spent = np.maximum(sales["sales_value"].to_numpy(float), 0)
        self.with_coupon = (np.abs(sales["coupon_disc"].to_numpy(float)) > 0).astype(float)
        people = tables["people"].drop_duplicates("household_id").set_index("household_id")
        people = people.reindex(index=self.households, columns=list(PEOPLE))
        self.people = {name: people[name].astype("string").fillna("unknown") for name in PEOPLE}


def _sales(folder: Path) -> list[Path]:
    # The whole data set and its sample are named differently.
    return sorted(folder.glob(_SALES)) or required(folder, "transactions_sample.parquet")


def _together(paths: list[Path]) -> pd.DataFrame:
    return pd.concat(map(_parquet, paths), ignore_index=True).drop_duplicates()


def _parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except UNREADABLE as error:
        raise EvaluationError(f"cannot be read: {error}", where=str(path)) from None


def _most(covers: csr_array, codes: np.ndarray) -> np.ndarray:
    """The code that most of a coupon's products have [coupons]."""
    size = int(codes.max()) + 1
    one = csr_array((np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=(len(codes), size))
    return np.asarray((covers @ one).toarray().argmax(axis=1))
