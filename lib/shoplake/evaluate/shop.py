"""A shop's purchases as arrays, one folder or two, and where its time is cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.recommenders.purchases import Purchases

_SHORTEST, _CUTS = 60, 6


@dataclass(frozen=True)
class Shop:
    """A shop.

    Attributes:
        purchases: of both folders where the people are the same, else of each in its own time.
        titles: [C] by item index.
        start: the date of day 0.
        days: days from the first to the last purchase of the judged folder, both included.
        first: the judged folder's first day.
    """

    purchases: Purchases
    titles: list[str]
    start: pd.Timestamp
    first: int
    end: int

    def date(self, day: int) -> str:
        """A day as YYYY-MM-DD."""
        return f"{self.start + pd.Timedelta(days=day):%Y-%m-%d}"


def shop_of(judged: pd.DataFrame, other: pd.DataFrame | None, notes: list[str]) -> Shop:
    """The judged lines, with those of the other folder that came before their cut.

    Raises:
        EvaluationError: the judged lines span less than 60 days, or no person or item of the
            other folder is in the judged one.
    """
    day = judged["at"].dt.normalize()
    span = (day.max() - day.min()).days + 1
    if span < _SHORTEST:
        raise EvaluationError(
            f"the purchases span {span} days",
            where=f"{day.min():%Y-%m-%d} to {day.max():%Y-%m-%d}",
            remedy=f"give at least {_SHORTEST} days: the last 30 are judged, the rest is learned",
        )
    lines = judged
    if other is not None:
        both = other["person"].isin(judged["person"]).mean()
        if not both or not other["item"].isin(judged["item"]).any():
            raise EvaluationError(
                "the two folders have no person or no item in common",
                remedy="give a training folder of the same shop, or leave --train out",
            )
        cut = day.max() - pd.Timedelta(days=29)
        early = other[other["at"] < cut]
        notes.append(
            f"{len(early):,} lines of the training folder before {cut:%Y-%m-%d} count as "
            f"history; {both:.0%} of its lines are of people of the judged folder"
        )
        lines = pd.concat([early, judged], ignore_index=True)
        lines = lines.drop_duplicates(["person", "item", "at", "quantity"])
    return _arrays(lines, day.min())


def _arrays(lines: pd.DataFrame, first: pd.Timestamp) -> Shop:
    date = lines["at"].dt.normalize()
    start = date.min()
    person, people = pd.factorize(lines["person"])
    item, items = pd.factorize(lines["item"], sort=True)
    table = pd.DataFrame({"person": person, "item": item, "day": (date - start).dt.days})
    table["quantity"], table["price"] = lines["quantity"], lines["price"].clip(lower=0)
    by = ["day", "person", "item"]
    table = table.groupby(by, as_index=False).agg(
        quantity=("quantity", "sum"), price=("price", "mean")
    )
    about = pd.DataFrame({"item": item, "title": lines["title"], "category": lines["category"]})
    about = about.drop_duplicates("item", keep="first").sort_values("item")
    category, _ = pd.factorize(about["category"])
    purchases = Purchases(
        person=table["person"].to_numpy(),
        item=table["item"].to_numpy(),
        day=table["day"].to_numpy(),
        quantity=table["quantity"].to_numpy(np.float32),
        price=table["price"].to_numpy(np.float32),
        category=category.astype(np.int64),
        people=len(people),
    )
    return Shop(
        purchases,
        about["title"].tolist(),
        start,
        (first - start).days,
        int(table["day"].max()) + 1,
    )


def cuts(shop: Shop, horizon: int) -> tuple[int, list[tuple[int, int]]]:
    """The judged cut, and earlier ones, latest first, with the days that are learned from each.

    An earlier cut's days end before the judged cut. They are `horizon`, or half of what there is
    where the history is short.
    """
    cut = shop.end - horizon
    length = min(horizon, cut // 2)
    found = []
    for at in range(cut - length, length - 1, -length):
        found.append((at, length))
    return cut, found[:_CUTS]
