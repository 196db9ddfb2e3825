"""A shop's purchases as arrays, one folder or two, and where its time is cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from shoplake.evaluate.metrics import EvaluationError
from shoplake.models.recommenders.purchases import KEPT, Purchases

_SHORTEST, _CUTS = 60, 6


@dataclass(frozen=True)
class Shop:
    """A shop.

    Attributes:
        purchases: of both folders, in order of the day.
        items: [C] ids by item index.
        titles: [C].
        categories: [C] names; "" where a shop has none.
        sellers: [C] who makes or sells each; "" where it is not told.
        start: the date of day 0.
        end: the day after the last purchase.
        horizon: the last days, which are judged.
        untold: first day of which neither folder tells, and the first that one tells of again;
            twice the same where there are none.
    """

    purchases: Purchases
    items: list[str]
    titles: list[str]
    categories: list[str]
    start: pd.Timestamp
    end: int
    horizon: int
    sellers: list[str]
    untold: tuple[int, int] = (0, 0)

    def date(self, day: int) -> str:
        """A day as YYYY-MM-DD."""
        return f"{self.start + pd.Timedelta(days=day):%Y-%m-%d}"


def shop_of(
    judged: pd.DataFrame, other: pd.DataFrame | None, notes: list[str], horizon: int = 30
) -> Shop:
    """The judged lines, with those of the other folder that came before their cut.

    Raises:
        EvaluationError: there are less than 60 days.
    """
    day = judged["at"].dt.normalize()
    first, last = day.min(), day.max()
    cut = last - pd.Timedelta(days=horizon - 1)
    lines, untold = judged, (first, first)
    if other is not None:
        both = other["person"].isin(judged["person"]).mean()
        shared = other["item"].isin(judged["item"]).any()
        # A folder that holds only a later period is judged whole, on the history of the other.
        cut = max(cut, first) if both and shared else cut
        early = other[other["at"] < cut]
        if both and shared:
            notes.append(
                f"{len(early):,} lines of the training folder before {cut:%Y-%m-%d} count as "
                f"history; {both:.0%} of its lines are of people of the judged folder"
            )
            lines = pd.concat([early, judged], ignore_index=True)
            # The judged folder may know of a cancellation that came after the other ended.
            lines = lines.drop_duplicates(["person", "item", "at", "quantity"], keep="last")
            told = first if early.empty else early["at"].max().normalize() + pd.Timedelta(days=1)
            if told < first:
                untold = told, first
                notes.append(
                    f"neither folder tells of the {(first - told).days} days from "
                    f"{told:%Y-%m-%d}: nothing was learned of what people bought then"
                )
        else:
            notes.append(
                "the training folder has no person or no item in common with the judged one: "
                "only the judged folder's own history was learned from"
            )
    start = lines["at"].min().normalize()
    if (last - start).days + 1 < _SHORTEST:
        raise EvaluationError(
            f"the purchases span {(last - start).days + 1} days",
            where=f"{start:%Y-%m-%d} to {last:%Y-%m-%d}",
            remedy=f"give at least {_SHORTEST} days, or earlier ones of the same shop as --train: "
            f"the last {horizon} are judged, the rest is learned",
        )
    return _arrays(lines, (last - cut).days + 1, untold)


def _arrays(lines: pd.DataFrame, horizon: int, untold: tuple[pd.Timestamp, pd.Timestamp]) -> Shop:
    date = lines["at"].dt.normalize()
    start = date.min()
    person, people = pd.factorize(lines["person"])
    item, items = pd.factorize(lines["item"], sort=True)
    table = pd.DataFrame({"person": person, "item": item, "day": (date - start).dt.days})
    table["quantity"], table["price"] = lines["quantity"], lines["price"].clip(lower=0)
    undone = (lines["undone_at"].dt.normalize() - start).dt.days
    table["undone"] = undone.fillna(KEPT).astype(np.int64)
    by = ["day", "person", "item", "undone"]
    table = table.groupby(by, as_index=False).agg(
        quantity=("quantity", "sum"), price=("price", "mean")
    )
    told = {"title": lines["title"], "category": lines["category"], "seller": lines["seller"]}
    about = pd.DataFrame({"item": item, **told})
    about = about.sort_values("title", key=lambda title: title == "", kind="stable")
    about = about.drop_duplicates("item", keep="first").sort_values("item")
    category, _ = pd.factorize(about["category"])
    purchases = Purchases(
        person=table["person"].to_numpy(),
        item=table["item"].to_numpy(),
        day=table["day"].to_numpy(),
        quantity=table["quantity"].to_numpy(np.float32),
        price=table["price"].to_numpy(np.float32),
        undone=table["undone"].to_numpy(),
        category=category.astype(np.int64),
        people=len(people),
    )
    return Shop(
        purchases,
        items.tolist(),
        about["title"].tolist(),
        about["category"].tolist(),
        start,
        int(table["day"].max()) + 1,
        horizon,
        about["seller"].tolist(),
        ((untold[0] - start).days, (untold[1] - start).days),
    )


def known_titles(shop: Shop, cut: int) -> list[str]:
    """The titles [C] of items sold before a day; "" for others, of which nothing was known then."""
    known = set(shop.purchases.between(-(10**6), cut).item.tolist())
    return [title if item in known else "" for item, title in enumerate(shop.titles)]


def cuts(shop: Shop) -> tuple[int, list[tuple[int, int]]]:
    """The judged cut, and earlier ones, latest first, with the days that are learned from each.

    An earlier cut's days end before the judged cut. They are as many as are judged, or half of
    what there is where the history is short. None reaches into days of which neither folder tells:
    what people bought then would count as not bought. There may be no earlier cut at all.
    """
    cut = stop = shop.end - shop.horizon
    first, again = shop.untold
    length = min(shop.horizon, max(first // 2, min(cut - again, cut // 2)))
    found: list[tuple[int, int]] = []
    while length and len(found) < _CUTS:
        if stop - length < again:
            stop = min(stop, first)
        if stop < 2 * length:
            break
        stop -= length
        found.append((stop, length))
    return cut, found
